package dev.varve.bench.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.bench.system.SystemKind;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What the options mean, and what is refused before anything is started. */
class ClusterCommandTest {
  @TempDir Path directory;

  @BeforeEach
  void builtNode() throws IOException {
    Path app = Files.createDirectories(directory.resolve("node/target/quarkus-app"));
    Files.createFile(app.resolve("quarkus-run.jar"));
  }

  @Test
  void optionsMakeTheSettings() {
    ClusterRun run =
        parsed("--clients=8,16", "--sizes=100", "--seconds=0.5", "--pairs=2", "--systems=redis")
            .run();
    assertEquals(List.of(8, 16), run.settings().clients());
    assertEquals(List.of(100), run.session().settings().valueBytes());
    assertEquals(Duration.ofMillis(500), run.session().settings().measure());
    assertEquals(2, run.session().settings().pairs());
    assertEquals(List.of(SystemKind.VARVE, SystemKind.REDIS), run.settings().systems());
  }

  @Test
  void withoutOptionsItIsTheWholeMatrix() {
    ClusterRun run = parsed().run();
    assertEquals(List.of(64, 512), run.settings().clients());
    assertEquals(List.of(256, 1024), run.session().settings().valueBytes());
    assertEquals(List.of(SystemKind.values()), run.settings().systems());
  }

  @Test
  void whatCannotBeMeasuredIsRefused() {
    assertTrue(refusal("--clients=0").contains("--clients must be from 1"));
    assertTrue(refusal("--sizes=8").contains("--sizes from 16"));
    assertTrue(refusal("--pairs=0").contains("must be positive"));
    assertTrue(refusal("--only=nothing").contains("no scenario nothing"));
    assertTrue(refusal("--node=" + directory).contains("./dev build"));
  }

  private ClusterCommand parsed(String... options) {
    CommandLine line = ClusterCommand.commandLine();
    line.parseArgs(withPlaces(options));
    return line.getCommand();
  }

  private String refusal(String option) {
    StringWriter errors = new StringWriter();
    CommandLine line = ClusterCommand.commandLine().setErr(new PrintWriter(errors));
    line.setOverwrittenOptionsAllowed(true);
    assertEquals(CommandLine.ExitCode.USAGE, line.execute(withPlaces(option)));
    return errors.toString();
  }

  private String[] withPlaces(String... options) {
    List<String> all =
        new ArrayList<>(List.of("--dir=" + directory, "--node=" + directory.resolve("node")));
    all.addAll(Arrays.asList(options));
    return all.toArray(String[]::new);
  }
}
