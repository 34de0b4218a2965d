package dev.varve.cli;

import dev.varve.client.Address;
import dev.varve.client.ClientOptions;
import dev.varve.client.TlsFiles;
import dev.varve.client.VarveAdmin;
import dev.varve.client.VarveClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * The options that every subcommand takes, and what they lead to: a client and somewhere to print.
 */
@Command(
    name = "varve",
    description = "An append-only key-value store that compacts while it serves.",
    mixinStandardHelpOptions = true,
    versionProvider = VarveCommand.Version.class,
    scope = ScopeType.INHERIT,
    usageHelpAutoWidth = true,
    synopsisSubcommandLabel = "COMMAND",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:failed",
      "2:bad usage",
      "3:not found",
      "4:skipped: nothing to do, the reason is printed",
      "5:not primary, or stale term",
      "130:cancelled"
    })
final class VarveCommand implements Callable<Integer> {
  /** How to print. */
  enum Output {
    /** For people. */
    TABLE,
    /** For programs: one JSON value a line. */
    JSON
  }

  private static final String DEFAULT_ENDPOINT = "127.0.0.1:9090";

  private final Invocation invocation;

  @Option(
      names = "--endpoint",
      paramLabel = "HOST:PORT",
      scope = ScopeType.INHERIT,
      description =
          "A member to start from; any one, the primary is found. Repeatable. Default: VARVE_ENDPOINT, else "
              + DEFAULT_ENDPOINT)
  private List<String> endpoints = new ArrayList<>();

  @Option(
      names = "--output",
      paramLabel = "table|json",
      scope = ScopeType.INHERIT,
      description = "How to print: for people, or one JSON value a line. Default: table")
  private Output output = Output.TABLE;

  @Option(
      names = "--shard",
      paramLabel = "N",
      scope = ScopeType.INHERIT,
      description = "Which shard an admin command is about. Default: all")
  private @Nullable Integer shard;

  @Option(
      names = "--request-timeout",
      paramLabel = "DURATION",
      scope = ScopeType.INHERIT,
      description = "How long a call may take, the search for the primary included. Default: 10s")
  private Duration requestTimeout = ClientOptions.DEFAULT_TIMEOUT;

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description =
          "PEM certificates that the server's must lead to; any --tls option turns TLS on")
  private @Nullable Path authorities;

  @Option(
      names = "--tls-cert",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "The client's own PEM certificate chain")
  private @Nullable Path certificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "The PKCS#8 PEM key of --tls-cert")
  private @Nullable Path key;

  VarveCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public Integer call() {
    CommandLine.usage(this, invocation.err());
    invocation.err().println("varve: which command?");
    return ExitCode.USAGE;
  }

  Invocation invocation() {
    return invocation;
  }

  boolean json() {
    return output == Output.JSON;
  }

  Duration requestTimeout() {
    return requestTimeout;
  }

  /** The members that the options or the environment name. */
  List<Address> addresses() {
    List<String> given = endpoints;
    if (given.isEmpty()) {
      given =
          Arrays.stream(invocation.environment("VARVE_ENDPOINT", DEFAULT_ENDPOINT).split(",", -1))
              .map(String::strip)
              .toList();
    }
    try {
      return given.stream().map(Address::parse).toList();
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e);
    }
  }

  /** A client as the options say; the caller closes it. */
  VarveClient connect() {
    List<Address> addresses = addresses();
    try {
      boolean tls = authorities != null || certificate != null || key != null;
      return VarveClient.connect(
          ClientOptions.of(addresses.toArray(Address[]::new))
              .withTimeout(requestTimeout)
              .withTls(tls ? new TlsFiles(authorities, certificate, key) : null));
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()), e);
    }
  }

  /** The shards that an admin command is about. */
  List<Integer> shards(VarveAdmin admin) {
    int count = admin.shards();
    Integer one = shard;
    if (one == null) {
      return IntStream.range(0, count).boxed().toList();
    }
    if (one < 0 || one >= count) {
      throw new UsageException("--shard " + one + ": the store has shards 0 to " + (count - 1));
    }
    return List.of(one);
  }

  /** Reads the version that the build put into the jar. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"varve " + (version == null ? "(not packaged)" : version)};
    }
  }
}
