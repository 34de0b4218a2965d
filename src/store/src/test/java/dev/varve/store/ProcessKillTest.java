package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.varve.store.manifest.Layout;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a process that writes and compacts on a real file system (kill -9), again and again on the
 * same store. Afterwards the store holds the operations up to some number that is no lower than the
 * last one acknowledged: nothing acknowledged is lost, nothing deleted comes back. And all of it is
 * visible at once when {@code Store.openStandalone} returns, which must wait for the writer. {@code
 * -Dvarve.simulation.kills=N} kills so often.
 */
@ExtendWith(QuietLog.class)
class ProcessKillTest {
  private static final int KILLS = Integer.getInteger("varve.simulation.kills", 20);
  private static final int LINES_MAX = 3000;
  private static final int SIGKILLED = 128 + 9;

  @TempDir Path directory;

  private final Map<String, String> contents = new TreeMap<>();
  private long applied;
  private int killedWhileCompacting;
  private int compactions;
  private int rolls;
  private Layout layout = Layout.SEGMENTED;

  @Test
  void losesNothingAcknowledgedWhenTheProcessIsKilled() throws IOException, InterruptedException {
    killAgainAndAgain();
  }

  @Test
  void norWithSingleFiles() throws IOException, InterruptedException {
    layout = Layout.SINGLE_FILE;
    killAgainAndAgain();
    try (Stream<Path> files = Files.list(directory.resolve("main"))) {
      List<String> names = files.map(file -> String.valueOf(file.getFileName())).toList();
      assertEquals(
          1, names.stream().filter(name -> name.endsWith(".log")).count(), names::toString);
    }
  }

  private void killAgainAndAgain() throws IOException, InterruptedException {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int kill = 1; kill <= KILLS; kill++) {
      long acknowledged = Math.max(applied, runAndKill(random));
      verify(acknowledged, "kill " + kill + " after " + acknowledged + ", seed " + seed);
    }
    System.out.printf(
        "%s: %d kills, %d operations, %d compactions, %d kills within one, %d manifest rolls%n",
        layout, KILLS, applied, compactions, killedWhileCompacting, rolls);
    assertTrue(compactions > 0, "no compaction came to its end");
    assertTrue(killedWhileCompacting > 0, "no kill met a compaction");
    assertTrue(rolls > 0, "no manifest was rolled");
  }

  /** Returns the last operation that was acknowledged, 0 if none was. */
  private long runAndKill(SplittableRandom random) throws IOException, InterruptedException {
    Path errors = directory.resolveSibling(directory.getFileName() + ".err");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                KilledProcess.class.getName(),
                directory.toString(),
                Long.toString(applied + 1),
                layout.name())
            .redirectError(errors.toFile())
            .start();
    int lines = 1 + random.nextInt(LINES_MAX);
    long last = 0;
    boolean compacting = false;
    try (InputStream output = new BufferedInputStream(process.getInputStream())) {
      String line = line(output);
      for (int i = 1; line != null; i++) {
        switch (line) {
          case "begin" -> compacting = true;
          case "end" -> {
            compacting = false;
            compactions++;
          }
          case "rolled" -> rolls++;
          default -> {
            assertEquals(Math.max(last, applied) + 1, Long.parseLong(line), "out of order");
            last = Long.parseLong(line);
          }
        }
        if (i == lines) {
          process.toHandle().destroyForcibly(); // the process's own method closes the pipe too
        }
        line = line(output);
      }
    } finally {
      process.destroyForcibly();
    }
    int status = process.waitFor();
    if (status != SIGKILLED) {
      fail("the process ended by itself with " + status + ":\n" + Files.readString(errors));
    }
    Files.delete(errors);
    killedWhileCompacting += compacting ? 1 : 0;
    return last;
  }

  /** The next whole line; null at the end, where a kill may have torn one. */
  private static @Nullable String line(InputStream output) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = output.read(); next != -1; next = output.read()) {
      if (next == '\n') {
        return line.toString(StandardCharsets.US_ASCII);
      }
      line.write(next);
    }
    return null;
  }

  private void verify(long acknowledged, String replay) throws IOException {
    Map<String, String> found;
    try (StoreRuntime runtime = StoreRuntime.threads("reopened");
        Store store = KilledProcess.open(directory, layout, runtime)) {
      found = StoreFixture.contents(store);
    }
    while (applied < acknowledged) {
      KilledProcess.apply(++applied, contents);
    }
    List<Map<String, String>> possible = new ArrayList<>();
    possible.add(Map.copyOf(contents));
    for (int i = 1; i <= KilledProcess.IN_FLIGHT_MAX; i++) { // written, but the answer was lost
      KilledProcess.apply(applied + i, contents);
      possible.add(Map.copyOf(contents));
    }
    int state;
    try {
      state = RecoveryCheck.expect(possible, found);
    } catch (AssertionError e) {
      throw new AssertionError(replay + ": " + e.getMessage(), e);
    }
    applied += state;
    contents.clear();
    contents.putAll(found);
  }
}
