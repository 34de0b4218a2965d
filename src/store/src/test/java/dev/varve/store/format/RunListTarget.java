package dev.varve.store.format;

import dev.varve.store.fuzz.Target;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** {@link RunListReader} under the fuzzer. */
public final class RunListTarget implements Target {
  private static final String PATH = "main.runs";

  @Override
  public String name() {
    return "runList";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (StorageFile file = storage.create("none")) {
      new RunListWriter(file, new SegmentId(1, 2), List.of()).finish(0, 0);
    }
    try (StorageFile file = storage.create("some")) {
      RunListWriter writer =
          new RunListWriter(
              file, new SegmentId(4, 9), List.of(new SegmentId(1, 2), new SegmentId(3, 8)));
      writer.run(0, 0, 120);
      writer.run(0, 300, 80);
      writer.dropped(1, 40, 44, true, 0x1234_5678_9ABC_DEF0L);
      writer.run(1, 84, 1 << 20);
      writer.dropped(0, 120, 180, false, -1);
      writer.finish(200 + (1 << 20), 0xCAFE_BABE);
    }
    try (StorageFile file = storage.create("overflowing")) { // is refused
      RunListWriter writer =
          new RunListWriter(file, new SegmentId(4, 9), List.of(new SegmentId(1, 2)));
      writer.run(0, 1, Long.MAX_VALUE);
      writer.finish(0, 0);
    }
    return Map.of(
        "none",
        storage.contents("none"),
        "some",
        storage.contents("some"),
        "overflowing",
        storage.contents("overflowing"));
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
      RunListReader reader = new RunListReader(file, PATH);
      RunListWriter writer = new RunListWriter(again, reader.target(), reader.sources());
      while (reader.next()) {
        if (reader.offset() < 0
            || reader.length() <= 0
            || reader.length() > Limits.SEGMENT_BYTES_MAX - reader.offset()) {
          throw new AssertionError(
              "a run of " + reader.length() + " bytes at " + reader.offset() + " of a segment");
        }
        int source = reader.source();
        switch (reader.item()) {
          case RUN -> writer.run(source, reader.offset(), reader.length());
          case DROPPED ->
              writer.dropped(
                  source,
                  reader.offset(),
                  Math.toIntExact(reader.length()),
                  reader.tombstone(),
                  reader.hash());
        }
      }
      writer.finish(reader.targetLength(), reader.targetCrc());
    } catch (RunListDamagedException e) {
      return;
    }
    if (!Arrays.equals(bytes, storage.contents("again"))) {
      throw new AssertionError("a run list was read that is not what is written");
    }
  }
}
