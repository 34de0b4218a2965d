package dev.varve.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs one node without Kubernetes, as a child process. */
@Command(
    name = "serve",
    description = {
      "Run one node on a directory, without Kubernetes. Prints \"ready on HOST:PORT\"; logs go to stderr.",
      "SIGTERM and SIGINT stop it cleanly. The node's settings, such as COMPACTION_ENABLED, COMPACTION_INTERVAL or"
          + " CHECKPOINT_INTERVAL, are taken from the environment; VARVE_JAVA_OPTS has JVM options for it."
    })
final class ServeCommand implements Callable<Integer> {
  private static final String MEMORY = "memory";

  /** How the records of a keyspace can lie. */
  private static final List<String> LAYOUTS = List.of("segmented", "single-file", MEMORY);

  private static final Pattern READY = Pattern.compile("\\bready on (\\S+:\\d+)\\b");
  private static final Pattern KEYSPACE_NAME = Pattern.compile("[a-z]([-a-z0-9]{0,38}[a-z0-9])?");

  /** What a JVM ends with when SIGTERM or SIGINT has stopped it in order. */
  private static final Set<Integer> STOPPED_BY_SIGNAL = Set.of(143, 130);

  /** A node closes its store in less; after this it is no clean stop any more. */
  private static final long STOP_SECONDS = 20;

  private final VarveCommand varve;

  @Parameters(paramLabel = "DIR", description = "The store's directory; made if it is not there")
  private String directory = "";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "For gRPC; 0: any free. Default: 9090")
  private int port = 9090;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      description = "For health and metrics; 0: any free. Default: 0")
  private int httpPort;

  @Option(
      names = "--keyspace",
      paramLabel = "NAME[:Stream][:SEGMENTSIZE]",
      description =
          "A keyspace, or a stream; repeatable. Default: main:64Mi and objects:256Mi; other sizes: 64Mi")
  private List<String> keyspaces = new ArrayList<>();

  @Option(
      names = "--layout",
      paramLabel = "segmented|single-file|memory",
      description = {
        "How records lie in DIR. Default: as DIR was made; segmented where it is new.",
        "single-file: one file a keyspace, of at most 2Gi; compaction keeps the one before as *.old",
        "memory: in memory, at most VARVE_MEMORY_MAX bytes (1GB); nothing is kept, and DIR is not used"
      })
  private @Nullable String layout;

  @Option(
      names = "--replica-of",
      paramLabel = "HOST:PORT",
      description = "Follow that node, without a vote")
  private @Nullable String replicaOf;

  ServeCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    checkLayout();
    Path runner = NodeApplication.runner(varve.invocation());
    ProcessBuilder builder = new ProcessBuilder(command(runner));
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.putAll(varve.invocation().environment());
    environment.putAll(settings());
    if (!MEMORY.equals(layout)) {
      Files.createDirectories(Path.of(directory));
    }
    Process node = builder.start();
    node.getOutputStream().close();
    Thread out = relay("varve-node-out", node.getInputStream(), true);
    Thread err = relay("varve-node-err", node.getErrorStream(), false);
    try {
      return await(node, out, err);
    } finally {
      node.destroyForcibly();
    }
  }

  private void checkLayout() {
    if (layout == null) {
      return;
    }
    if (!LAYOUTS.contains(layout)) {
      throw new UsageException("--layout " + layout + " is unknown: it is one of " + LAYOUTS);
    }
    if (replicaOf != null && !layout.equals(LAYOUTS.getFirst())) {
      throw new UsageException(
          "--layout "
              + layout
              + " does not go with --replica-of: a replica keeps its primary's segments as they are");
    }
  }

  /** The environment that tells the node what to be. */
  Map<String, String> settings() {
    Map<String, String> settings = new java.util.HashMap<>();
    settings.put("VARVE_DATA_DIR", Path.of(directory).toAbsolutePath().toString());
    settings.put("VARVE_PORT", String.valueOf(checkedPort("--port", port)));
    settings.put("VARVE_HTTP_PORT", String.valueOf(checkedPort("--http-port", httpPort)));
    if (!keyspaces.isEmpty()) {
      settings.put(
          "VARVE_KEYSPACES",
          keyspaces.stream().map(ServeCommand::keyspace).collect(Collectors.joining(",")));
    }
    if (layout != null) {
      settings.put("VARVE_LAYOUT", layout);
    }
    // The node is told exactly one mode; and a follower must not go by its primary's name.
    if (replicaOf == null) {
      settings.put("VARVE_MODE", "standalone");
    } else {
      try {
        settings.put("VARVE_REPLICA_OF", dev.varve.client.Address.parse(replicaOf).toString());
        settings.put("VARVE_MEMBER", "follower");
      } catch (IllegalArgumentException e) {
        throw new UsageException("--replica-of: " + e.getMessage(), e);
      }
    }
    return settings;
  }

  private static int checkedPort(String option, int value) {
    if (value < 0 || value > 65_535) {
      throw new UsageException(option + " " + value + " is not between 0 and 65535");
    }
    return value;
  }

  private static String keyspace(String text) {
    String[] parts = text.split(":", -1);
    if (!KEYSPACE_NAME.matcher(parts[0]).matches()) {
      throw new UsageException(
          "--keyspace "
              + text
              + ": a name is of a-z, 0-9 and -, begins with a letter, up to 40 long");
    }
    boolean stream = parts.length > 1 && parts[1].equalsIgnoreCase("Stream");
    int sizeAt = stream ? 2 : 1;
    if (parts.length > sizeAt + 1) {
      throw new UsageException("--keyspace " + text + " is not NAME[:Stream][:SEGMENTSIZE]");
    }
    String name = stream ? parts[0] + ":Stream" : parts[0];
    if (parts.length == sizeAt) {
      return name; // the node's own settings give its size
    }
    long bytes = ByteSize.parse(parts[sizeAt]).bytes();
    if (bytes == 0) {
      throw new UsageException("--keyspace " + text + ": a segment has at least a byte");
    }
    return name + ":" + (bytes % (1 << 20) == 0 ? (bytes >> 20) + "Mi" : bytes);
  }

  private List<String> command(Path runner) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.add("--enable-native-access=ALL-UNNAMED");
    for (String option : varve.invocation().environment("VARVE_JAVA_OPTS", "").split("\\s+", -1)) {
      if (!option.isEmpty()) {
        command.add(option);
      }
    }
    command.add("-jar");
    command.add(runner.toString());
    return command;
  }

  /**
   * The node's stdout has its logs as well; only the line that says it is ready is this command's
   * own output.
   */
  private Thread relay(String name, InputStream from, boolean mayBeReady) {
    Invocation invocation = varve.invocation();
    return Thread.ofPlatform()
        .daemon()
        .name(name)
        .start(
            () -> {
              try (BufferedReader lines =
                  new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                  Matcher ready = READY.matcher(line);
                  if (mayBeReady && ready.find()) {
                    invocation.out().println("ready on " + ready.group(1));
                    invocation.out().flush();
                  } else {
                    invocation.err().println(line);
                    invocation.err().flush();
                  }
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private static int await(Process node, Thread out, Thread err) {
    boolean stopping = false;
    for (; ; ) {
      try {
        if (!stopping) {
          node.waitFor();
        } else if (!node.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
          throw new CommandFailure(
              "the node did not stop within " + STOP_SECONDS + " s and was killed", null);
        }
        out.join();
        err.join();
        int code = node.exitValue();
        return stopping && STOPPED_BY_SIGNAL.contains(code) ? ExitCode.DONE : code;
      } catch (InterruptedException e) { // a signal: pass it on and go on waiting
        stopping = true;
        // Not Process.destroy, which would also close our end of its output.
        boolean _ = node.toHandle().destroy();
      }
    }
  }
}
