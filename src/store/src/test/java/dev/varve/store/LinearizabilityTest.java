package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lincheck on a segment's references and on the swap (decision 8). Guards, each of which fails this
 * when it is taken out: the loop of {@code SegmentReader.tryAcquire}, the atomic decrement of
 * {@code release}, the compare-and-set of {@code Keyspace.move}, and the second look of {@code
 * SubTable.get} at places that were refused.
 */
class LinearizabilityTest {
  @Test
  void everyInterleavingLooksLikeOneOperationAfterAnother(@TempDir Path directory)
      throws IOException, InterruptedException {
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-XX:+EnableDynamicAgentLoading",
                "-Xshare:off", // it adds to the boot class path, which sharing does not allow
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", // over before optimising would pay
                "-cp",
                System.getProperty("java.class.path"),
                LinearizabilityChecks.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(5, TimeUnit.MINUTES);
    if (!ended) {
      process.destroyForcibly();
    }
    String said = Files.readString(output);
    assertTrue(ended, said);
    assertEquals(0, process.exitValue(), said);
    for (Class<?> checked : List.of(CountedSegment.class, SwappedKey.class)) {
      assertTrue(said.contains(LinearizabilityChecks.HOLDS + checked.getSimpleName()), said);
    }
  }
}
