package dev.varve.store.format;

import dev.varve.store.fuzz.Target;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** {@link KeydirCheckpointReader} under the fuzzer. */
public final class KeydirCheckpointTarget implements Target {
  private static final String PATH = "_keydir";

  @Override
  public String name() {
    return "keydirCheckpoint";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (StorageFile file = storage.create("none")) {
      new KeydirCheckpointWriter(file)
          .finish(new KeydirCheckpointPosition(0, 0, 0, 0, 0), List.of());
    }
    try (StorageFile file = storage.create("some")) {
      KeydirCheckpointWriter writer = new KeydirCheckpointWriter(file);
      writer.partition(new long[] {1, 2, 3, 4});
      writer.partition(new long[] {});
      writer.partition(new long[] {-1, Long.MAX_VALUE});
      writer.finish(
          new KeydirCheckpointPosition(3, 90, 4000, 0xCAFE_BABE, 17),
          List.of(
              new CheckpointedSegment(
                  0,
                  new SegmentId(1, 2),
                  true,
                  3,
                  40,
                  12,
                  true,
                  List.of(new ExpirySpan(100, 200, 300), new ExpirySpan(250, 250, 44))),
              new CheckpointedSegment(
                  1, new SegmentId(4, 9), false, Long.MAX_VALUE, 0, 0, false, List.of())));
    }
    return Map.of("none", storage.contents("none"), "some", storage.contents("some"));
  }

  @Override
  public byte[] mended(byte[] bytes) {
    return Mending.lastFourBytes(bytes);
  }

  @Override
  public void decode(byte[] bytes) throws IOException {
    SimulatedStorage storage = Mending.holding(PATH, bytes);
    try (StorageFile file = storage.open(PATH);
        StorageFile again = storage.create("again")) {
      KeydirCheckpointReader.verify(file, PATH);
      KeydirCheckpointReader reader = new KeydirCheckpointReader(file, PATH);
      KeydirCheckpointWriter writer = new KeydirCheckpointWriter(again);
      for (int i = 0; i < reader.partitions(); i++) {
        writer.partition(reader.partition());
      }
      writer.finish(reader.position(), reader.segments());
    } catch (KeydirCheckpointDamagedException e) {
      return;
    }
    if (!Arrays.equals(bytes, storage.contents("again"))) {
      throw new AssertionError("a checkpoint was read that is not what is written");
    }
  }
}
