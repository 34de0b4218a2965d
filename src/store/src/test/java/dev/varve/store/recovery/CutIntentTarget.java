package dev.varve.store.recovery;

import dev.varve.store.format.Mending;
import dev.varve.store.fuzz.Target;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;

/** {@link CutIntent} under the fuzzer. */
public final class CutIntentTarget implements Target {
  @Override
  public String name() {
    return "cutIntent";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    return Map.of("all", written(0), "some", written(1234));
  }

  private static byte[] written(long lastSequenceKept) throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    CutIntent.write(storage, lastSequenceKept);
    return storage.contents(CutIntent.PATH);
  }

  @Override
  public byte[] mended(byte[] bytes) {
    return Mending.parts(bytes, Long.BYTES, ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public void decode(byte[] bytes) throws IOException {
    long kept;
    try {
      kept = CutIntent.read(Mending.holding(CutIntent.PATH, bytes));
    } catch (CorruptionException e) {
      if (!e.file().equals(CutIntent.PATH)) {
        throw new AssertionError("a damaged intent was reported elsewhere", e);
      }
      return;
    }
    if (!Arrays.equals(bytes, written(kept))) {
      throw new AssertionError("an intent was read that is not what is written: " + kept);
    }
  }
}
