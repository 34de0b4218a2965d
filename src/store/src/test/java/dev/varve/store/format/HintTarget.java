package dev.varve.store.format;

import dev.varve.store.fuzz.Target;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;

/** {@link HintReader} under the fuzzer. */
public final class HintTarget implements Target {
  private static final String PATH = "main.hint";

  @Override
  public String name() {
    return "hint";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (StorageFile file = storage.create("none")) {
      new HintWriter(file).finish(0, 0);
    }
    try (StorageFile file = storage.create("some")) {
      HintWriter writer = new HintWriter(file);
      writer.add(RecordKind.PUT, 12, 3, 0, 0, 100, ByteBuffer.wrap(new byte[] {'k'}));
      writer.add(RecordKind.TOMBSTONE, 7, 2, 0, 100, 44, ByteBuffer.wrap(new byte[4]));
      writer.add(RecordKind.PUT, 9, 3, 1_700_000, 144, 16 << 20, ByteBuffer.wrap(new byte[60]));
      writer.finish((16 << 20) + 144, 0xCAFE_BABE);
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
      HintReader reader = new HintReader(file, PATH);
      HintWriter writer = new HintWriter(again);
      while (reader.next()) {
        if (reader.length() < RecordCodec.encodedLength(reader.keyLength(), 0)
            || reader.offset() + reader.length() > reader.segmentLength()) {
          throw new AssertionError(
              "a record of " + reader.length() + " bytes at " + reader.offset() + " of a segment");
        }
        writer.add(
            reader.kind(),
            reader.sequence(),
            reader.term(),
            reader.expiresAtMs(),
            reader.offset(),
            reader.length(),
            ByteBuffer.wrap(reader.keyBytes(), 0, reader.keyLength()));
      }
      writer.finish(reader.segmentLength(), reader.segmentCrc());
    } catch (HintDamagedException e) {
      return;
    }
    if (!Arrays.equals(bytes, storage.contents("again"))) {
      throw new AssertionError("a hint was read that is not what is written");
    }
  }
}
