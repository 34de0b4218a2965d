package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeCommandTest {
  @TempDir Path folder = Path.of("");

  /** Packs the stand-in as the node application is packed. */
  @BeforeEach
  void packNode() throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, FakeNodeProcess.class.getName());
    String path = FakeNodeProcess.class.getName().replace('.', '/') + ".class";
    try (OutputStream file = Files.newOutputStream(folder.resolve("quarkus-run.jar"));
        JarOutputStream jar = new JarOutputStream(file, manifest);
        InputStream code = FakeNodeProcess.class.getClassLoader().getResourceAsStream(path)) {
      assertTrue(code != null, path);
      jar.putNextEntry(new JarEntry(path));
      code.transferTo(jar);
    }
  }

  private CommandRun start(Map<String, String> more, String... args) {
    Map<String, String> environment = new HashMap<>(more);
    environment.put("VARVE_NODE_HOME", folder.toString());
    environment.put("VARVE_JAVA_OPTS", "-XX:+UseSerialGC  -XX:TieredStopAtLevel=1");
    String[] all =
        Stream.concat(Stream.of("serve", folder.resolve("data").toString()), Arrays.stream(args))
            .toArray(String[]::new);
    return CommandRun.start(environment, all);
  }

  @Test
  void startsTheNodeWithItsSettingsAndStopsItOnASignal() {
    CommandRun run =
        start(
            Map.of("COMPACTION_INTERVAL", "5"),
            "--port",
            "0",
            "--keyspace",
            "main:10MB",
            "--keyspace",
            "objects",
            "--keyspace",
            "log:Stream:8MB",
            "--keyspace",
            "events:stream",
            "--replica-of",
            "127.0.0.1:9090");
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!run.out().contains("ready on") && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertEquals("ready on 127.0.0.1:43210\n", run.out());
    assertTrue(Files.isDirectory(folder.resolve("data")));

    run.cancel();
    run.await();

    assertEquals(ExitCode.DONE, run.code(), "a node that stopped in order when told to");
    for (String line :
        List.of(
            "setting VARVE_MEMBER=follower",
            "setting VARVE_DATA_DIR=" + folder.resolve("data"),
            "setting VARVE_PORT=0",
            "setting VARVE_HTTP_PORT=0",
            "setting VARVE_KEYSPACES=main:10Mi,objects,log:Stream:8Mi,events:Stream",
            "setting VARVE_REPLICA_OF=127.0.0.1:9090",
            "setting COMPACTION_INTERVAL=5",
            "a log line on stderr",
            "stopped cleanly")) {
      assertTrue(run.err().contains(line), line + " is not in: " + run.err());
    }
    assertFalse(run.err().contains("VARVE_MODE"), "the node takes exactly one mode: " + run.err());
  }

  @Test
  void aNodeThatFollowsNobodyStandsAlone() {
    CommandRun run = start(Map.of("FAKE_EXIT", "7")).await();
    assertTrue(run.err().contains("setting VARVE_MODE=standalone"), run.err());
    assertFalse(run.err().contains("VARVE_REPLICA_OF"), run.err());
  }

  @Test
  void tellsTheNodeItsLayoutAndMakesNoDirectoryForMemory() {
    CommandRun run = start(Map.of("FAKE_EXIT", "7"), "--layout", "memory").await();
    assertTrue(run.err().contains("setting VARVE_LAYOUT=memory"), run.err());
    assertFalse(Files.exists(folder.resolve("data")), "a store in memory has no directory");
    assertFalse(start(Map.of("FAKE_EXIT", "7")).await().err().contains("VARVE_LAYOUT"));
  }

  @Test
  void endsWithTheNodesExitCode() {
    assertEquals(7, start(Map.of("FAKE_EXIT", "7")).await().code());
  }

  @Test
  void refusesWrongOptions() {
    Map<String, String[]> wrong =
        Map.of(
            "--layout memory does not go with --replica-of",
                new String[] {"--layout", "memory", "--replica-of", "127.0.0.1:9090"},
            "--layout single-file does not go with --replica-of",
                new String[] {"--layout", "single-file", "--replica-of", "127.0.0.1:9090"},
            "--layout pile is unknown: it is one of", new String[] {"--layout", "pile"},
            "log:Stream:64Mi:2 is not NAME", new String[] {"--keyspace", "log:Stream:64Mi:2"},
            "is not NAME[:Stream][:SEGMENTSIZE]", new String[] {"--keyspace", "main:64Mi:2"},
            "a name is of a-z", new String[] {"--keyspace", "../etc"},
            "'many' is not a size", new String[] {"--keyspace", "main:many"},
            "--port 70000", new String[] {"--port", "70000"},
            "--replica-of", new String[] {"--replica-of", "primary"});
    wrong.forEach(
        (message, args) -> {
          CommandRun run = start(Map.of(), args).await();
          assertEquals(2, run.code(), message);
          assertTrue(run.err().contains(message), message + " is not in: " + run.err());
        });
  }

  @Test
  void saysWhereItLookedForTheNode() {
    CommandRun run =
        CommandRun.start(Map.of("VARVE_NODE_HOME", "/nowhere"), "serve", folder.toString()).await();
    assertEquals(1, run.code());
    assertTrue(run.err().contains("/nowhere/quarkus-run.jar"), run.err());
  }
}
