package dev.varve.bench.cluster;

import dev.varve.bench.Figures;
import dev.varve.bench.Report;
import dev.varve.bench.Row;
import dev.varve.bench.Session;
import dev.varve.bench.Settings;
import dev.varve.bench.system.Programs;
import dev.varve.bench.system.SystemKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The command line: {@code ./dev bench --cluster}, without that option, which chose it. */
@Command(
    name = "./dev bench --cluster",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Measures three members beside etcd and Redis, all as processes of this machine, and prints"
            + " a table. A run of all scenarios with all systems also writes the page.")
public final class ClusterCommand implements Callable<Integer> {
  private static final long MIB = 1 << 20;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "SCENARIO",
      description = "only these scenarios; --list has their names")
  private List<String> only = List.of();

  @Option(names = "--list", description = "list the scenarios and end")
  private boolean list;

  @Option(
      names = "--systems",
      split = ",",
      paramLabel = "SYSTEM",
      description = "only these beside Varve: ${COMPLETION-CANDIDATES}")
  private List<SystemKind> systems = List.of(SystemKind.values());

  @Option(
      names = "--clients",
      split = ",",
      defaultValue = "64,512",
      paramLabel = "N",
      description = "numbers of clients (default: ${DEFAULT-VALUE})")
  private List<Integer> clients = List.of(64, 512);

  @Option(
      names = "--sizes",
      split = ",",
      defaultValue = "256,1024",
      paramLabel = "BYTES",
      description = "lengths of values (default: ${DEFAULT-VALUE})")
  private List<Integer> sizes = List.of(256, 1024);

  @Option(
      names = "--seconds",
      defaultValue = "5",
      description = "length of one measurement (default: ${DEFAULT-VALUE})")
  private double seconds = 5;

  @Option(
      names = "--pairs",
      defaultValue = "5",
      description = "how often each system is measured (default: ${DEFAULT-VALUE})")
  private int pairs = 5;

  @Option(
      names = "--data-mib",
      defaultValue = "32",
      description = "keys and values that each system begins with, MiB (default: ${DEFAULT-VALUE})")
  private long dataMib = 32;

  @Option(
      names = "--repetitions",
      defaultValue = "30",
      description = "kills and hand-overs of a primary (default: ${DEFAULT-VALUE})")
  private int repetitions = 30;

  @Option(names = "--dir", required = true, description = "where the systems' files are made")
  private Path directory = Path.of(".");

  @Option(names = "--node", required = true, description = "the folder node/ of a built checkout")
  private Path node = Path.of("node");

  @Option(names = "--etcd", defaultValue = "etcd", description = "etcd's server")
  private Path etcd = Path.of("etcd");

  @Option(names = "--redis", defaultValue = "redis-server", description = "Redis's server")
  private Path redis = Path.of("redis-server");

  @Option(names = "--page", description = "write the page there, whatever was run")
  private @Nullable Path page;

  @Option(
      names = "--full-page",
      hidden = true,
      description = "where a complete run writes the page")
  private @Nullable Path fullPage;

  @CommandLine.Spec private CommandLine.Model.@Nullable CommandSpec spec;

  /** The command line. */
  public static CommandLine commandLine() {
    return new CommandLine(new ClusterCommand()).setCaseInsensitiveEnumValuesAllowed(true);
  }

  @Override
  public Integer call() throws IOException {
    List<ClusterScenario> all = ClusterScenario.all();
    if (list) {
      all.forEach(s -> System.out.printf(Locale.ROOT, "%-26s %s%n", s.name(), s.title()));
      return 0;
    }
    List<ClusterScenario> chosen = chosen(all);
    ClusterRun run = run();
    Session session = run.session();
    boolean complete = chosen.size() == all.size() && systems.size() == SystemKind.values().length;
    @Nullable Path target = page != null ? page : complete ? fullPage : null;
    long started = System.nanoTime();
    for (ClusterScenario scenario : chosen) {
      session.say("▸ " + scenario.name() + ": " + scenario.title());
      scenario.run(run);
      if (target != null) { // after each one: a long run that is ended early leaves what it has
        String date = LocalDate.now(ZoneOffset.UTC).toString();
        ClusterReport.write(target, run, chosen, date, command());
      }
    }
    for (ClusterScenario scenario : chosen) {
      System.out.println("\n" + scenario.title() + " (" + scenario.name() + ")");
      System.out.println("| | Varve | beside | its figure | unit | ratio | target | note |");
      session.rows().stream()
          .filter(row -> row.scenario().equals(scenario.name()))
          .forEach(row -> System.out.println(Report.line(row)));
    }
    session.say(
        String.format(
            Locale.ROOT,
            "%s%d of %d targets missed, in %.0f s",
            target == null ? "" : "wrote " + target + "; ",
            session.rows().stream().filter(Row::missed).count(),
            session.rows().stream().filter(row -> row.target() != null).count(),
            (System.nanoTime() - started) / 1e9));
    return 0;
  }

  List<ClusterScenario> chosen(List<ClusterScenario> all) {
    List<String> names = all.stream().map(ClusterScenario::name).toList();
    for (String name : only) {
      if (!names.contains(name)) {
        throw refused("--only: no scenario " + name + "; there are " + String.join(", ", names));
      }
    }
    return only.isEmpty() ? all : all.stream().filter(s -> only.contains(s.name())).toList();
  }

  /** What the options ask for. */
  ClusterRun run() {
    if (!(seconds > 0) || pairs < 1 || dataMib < 1 || repetitions < 1) {
      throw refused("--seconds, --pairs, --data-mib and --repetitions must be positive");
    }
    if (clients.stream().anyMatch(n -> n < 1) || sizes.stream().anyMatch(n -> n < 16)) {
      throw refused("--clients must be from 1, --sizes from 16");
    }
    List<SystemKind> taking = new ArrayList<>(List.of(SystemKind.VARVE));
    systems.stream().filter(kind -> !taking.contains(kind)).forEach(taking::add);
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Programs programs = new Programs(java, node.toAbsolutePath(), etcd, redis);
    if (!Files.exists(programs.node().resolve("target/quarkus-app/quarkus-run.jar"))) {
      throw refused("--node: " + node + " has no target/quarkus-app: ./dev build makes it");
    }
    Duration measure = Duration.ofMillis(Math.max(1, (long) (seconds * 1000)));
    Settings settings =
        new Settings(
            directory.toAbsolutePath(), List.of(), measure, pairs, dataMib * MIB, sizes, 1, false);
    return new ClusterRun(
        new Session(settings, System.err),
        new ClusterSettings(taking, clients, Duration.ofSeconds(1), repetitions, programs));
  }

  private ParameterException refused(String message) {
    CommandLine.Model.CommandSpec known = spec;
    if (known == null) {
      throw new IllegalStateException(message);
    }
    return new ParameterException(known.commandLine(), message);
  }

  private String command() {
    return String.format(
        Locale.ROOT,
        "./dev bench --cluster --seconds %s --pairs %d --data-mib %d --clients %s --sizes %s"
            + " --repetitions %d%s",
        Figures.number(seconds),
        pairs,
        dataMib,
        joined(clients),
        joined(sizes),
        repetitions,
        only.isEmpty() ? "" : " --only " + String.join(",", only));
  }

  private static String joined(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
  }
}
