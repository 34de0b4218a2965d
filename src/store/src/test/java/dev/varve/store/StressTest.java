package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The classes in {@code dev.varve.store.stress} under jcstress: keydir, swap, files. {@code
 * -Dvarve.stress.mode} is jcstress' mode: {@code sanity}, {@code quick} (what this does), {@code
 * default} or {@code tough}.
 */
class StressTest {
  private static final String MODE = System.getProperty("varve.stress.mode", "quick");
  private static final boolean QUICK = MODE.equals("quick");

  /** The classes of the package that are tests. */
  private static final int TESTS = 5;

  private static final Pattern PASSED =
      Pattern.compile("All remaining tests: ([0-9]+) matching test results");

  @Test
  void onlyDeclaredOutcomesAppear(@TempDir Path directory)
      throws IOException, InterruptedException {
    assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "nothing runs beside anything");
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(command(directory))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(QUICK ? 10 : 600, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly();
    }
    String said = Files.readString(output);
    assertTrue(ended, said);
    assertEquals(0, process.exitValue(), said);
    Matcher passed = PASSED.matcher(said);
    assertTrue(passed.find(), said);
    assertEquals(TESTS, Integer.parseInt(passed.group(1)), said);
  }

  private static List<String> command(Path directory) {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                "org.openjdk.jcstress.Main",
                "-m",
                MODE,
                "-t",
                "dev.varve.store.stress",
                "-r",
                directory.resolve("results") + File.separator));
    if (QUICK) {
      // One fork a test, whichever compiler and processors its threads get.
      command.addAll(List.of("-sc", "false", "-af", "NONE", "-iters", "5", "-time", "200"));
      command.addAll(List.of("-jvmArgs", "--enable-native-access=ALL-UNNAMED"));
    }
    return command;
  }
}
