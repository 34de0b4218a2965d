package dev.varve.store.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.varve.store.format.Mending;
import dev.varve.store.fuzz.Target;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;

/** The mark of {@link RepairFolder} under the fuzzer. */
public final class RepairMarkTarget implements Target {
  private static final long NOW_MS = 1_700_000_000_000L;

  @Override
  public String name() {
    return "repairMark";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    RepairFolder first = RepairFolder.begin(storage, NOW_MS);
    byte[] mark = storage.contents(DirectoryMarks.REPAIRING);
    first.report(java.util.List.of("done"));
    first.end();
    RepairFolder.begin(storage, NOW_MS);
    return Map.of("first", mark, "second", storage.contents(DirectoryMarks.REPAIRING));
  }

  @Override
  public byte[] mended(byte[] bytes) {
    return bytes;
  }

  @Override
  public void decode(byte[] bytes) throws IOException {
    SimulatedStorage storage = Mending.holding(DirectoryMarks.REPAIRING, bytes);
    RepairFolder folder = RepairFolder.begin(storage, NOW_MS);
    String name = folder.name();
    if (!name.matches("_repair-[0-9]{8}T[0-9]{6}(-[0-9]{1,6})?")) {
      throw new AssertionError("a repair in " + name);
    }
    if (!Arrays.equals(name.getBytes(UTF_8), storage.contents(DirectoryMarks.REPAIRING))) {
      throw new AssertionError("the mark does not name the folder " + name);
    }
  }
}
