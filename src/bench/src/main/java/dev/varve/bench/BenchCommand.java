package dev.varve.bench;

import dev.varve.bench.cluster.ClusterCommand;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.scenario.Scenario;
import dev.varve.bench.scenario.Scenarios;
import java.io.IOException;
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

/** The command line: {@code ./dev bench}. */
@Command(
    name = "./dev bench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Measures the embedded store beside others and prints a table. A run of all scenarios with"
            + " all stores also writes the page. With --cluster it measures the replicated system"
            + " instead, with options of its own: --cluster --help.")
final class BenchCommand implements Callable<Integer> {
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
      names = "--stores",
      split = ",",
      paramLabel = "STORE",
      description = "only these beside Varve: ${COMPLETION-CANDIDATES}")
  private List<Contender> stores = List.of(Contender.values());

  @Option(
      names = "--seconds",
      defaultValue = "5",
      description = "length of one measurement (default: ${DEFAULT-VALUE})")
  private double seconds = 5;

  @Option(
      names = "--pairs",
      defaultValue = "5",
      description = "how often each side is measured (default: ${DEFAULT-VALUE})")
  private int pairs = 5;

  @Option(
      names = "--data-mib",
      defaultValue = "1024",
      description = "keys and values in a loaded store, MiB (default: ${DEFAULT-VALUE})")
  private long dataMib = 1024;

  @Option(
      names = "--values",
      split = ",",
      defaultValue = "100,1024,16384",
      paramLabel = "BYTES",
      description = "lengths of values (default: ${DEFAULT-VALUE})")
  private List<Integer> values = List.of(100, 1024, 16_384);

  @Option(
      names = "--keydir-keys",
      defaultValue = "20000000",
      description = "keys that the keydir is filled to (default: ${DEFAULT-VALUE})")
  private long keydirKeys = 20_000_000;

  @Option(
      names = "--cold",
      description =
          "drop the kernel's page cache for cold reads; slows everything else on the machine")
  private boolean cold;

  @Option(
      names = "--dir",
      required = true,
      description = "where the stores are made and deleted again; decides which disk is measured")
  private Path directory = Path.of(".");

  @Option(names = "--page", description = "write the page there, whatever was run")
  private @Nullable Path page;

  @Option(
      names = "--full-page",
      hidden = true,
      description = "where a complete run writes the page")
  private @Nullable Path fullPage;

  @CommandLine.Spec private CommandLine.Model.@Nullable CommandSpec spec;

  /** Runs the command and exits: 0 if it measured, whether or not targets were met. */
  public static void main(String[] arguments) {
    List<String> options = new ArrayList<>(List.of(arguments));
    boolean cluster = options.remove("--cluster");
    CommandLine command = cluster ? ClusterCommand.commandLine() : commandLine();
    System.exit(command.execute(options.toArray(String[]::new)));
  }

  static CommandLine commandLine() {
    return new CommandLine(new BenchCommand()).setCaseInsensitiveEnumValuesAllowed(true);
  }

  @Override
  public Integer call() throws IOException {
    List<Scenario> all = Scenarios.all();
    if (list) {
      for (Scenario scenario : all) {
        System.out.printf(Locale.ROOT, "%-26s %s%n", scenario.name(), scenario.title());
      }
      return 0;
    }
    List<Scenario> chosen = chosen(all);
    Settings settings = settings();
    Session session = new Session(settings, System.err);
    long started = System.nanoTime();
    Path target = page != null ? page : isComplete(chosen, settings) ? fullPage : null;
    for (Scenario scenario : chosen) {
      session.say("▸ " + scenario.name() + ": " + scenario.title());
      scenario.run(session);
      if (target != null) { // after each one: a long run that is ended early leaves what it has
        Report.write(
            target,
            settings,
            chosen,
            session.rows(),
            LocalDate.now(ZoneOffset.UTC).toString(),
            commands(settings));
      }
    }
    print(session, chosen);
    if (target != null) {
      session.say("wrote " + target);
    }
    session.say(
        String.format(
            Locale.ROOT,
            "%d of %d targets missed, in %.0f s",
            session.rows().stream().filter(Row::missed).count(),
            session.rows().stream().filter(row -> row.target() != null).count(),
            (System.nanoTime() - started) / 1e9));
    return 0;
  }

  private List<Scenario> chosen(List<Scenario> all) {
    List<String> names = all.stream().map(Scenario::name).toList();
    for (String name : only) {
      if (!names.contains(name)) {
        throw refused("--only: no scenario " + name + "; there are " + String.join(", ", names));
      }
    }
    return only.isEmpty() ? all : all.stream().filter(s -> only.contains(s.name())).toList();
  }

  private Settings settings() {
    List<Contender> contenders = new ArrayList<>(List.of(Contender.VARVE));
    for (Contender store : stores) {
      if (!contenders.contains(store)) {
        contenders.add(store);
      }
    }
    if (!(seconds > 0) || pairs < 1 || dataMib < 1 || keydirKeys < 1) {
      throw refused("--seconds, --pairs, --data-mib and --keydir-keys must be positive");
    }
    return new Settings(
        directory,
        contenders,
        Duration.ofMillis(Math.max(1, (long) (seconds * 1000))),
        pairs,
        dataMib * MIB,
        values,
        keydirKeys,
        cold);
  }

  private boolean isComplete(List<Scenario> chosen, Settings settings) {
    return chosen.size() == Scenarios.all().size()
        && settings.contenders().size() == Contender.values().length;
  }

  private ParameterException refused(String message) {
    CommandLine.Model.CommandSpec known = spec;
    if (known == null) {
      throw new IllegalStateException(message);
    }
    return new ParameterException(known.commandLine(), message);
  }

  /** The command of this run, and one of a single scenario. */
  private List<String> commands(Settings settings) {
    String values =
        settings.valueBytes().stream().map(String::valueOf).collect(Collectors.joining(","));
    String sizes =
        String.format(
            Locale.ROOT,
            "./dev bench --seconds %s --pairs %d --data-mib %d --values %s --keydir-keys %d%s%s",
            Figures.number(seconds),
            pairs,
            dataMib,
            values,
            keydirKeys,
            cold ? " --cold" : "",
            only.isEmpty() ? "" : " --only " + String.join(",", only));
    return List.of(sizes, "./dev bench --only random-get --seconds 5    # one scenario alone");
  }

  private static void print(Session session, List<Scenario> chosen) {
    for (Scenario scenario : chosen) {
      System.out.println("\n" + scenario.title() + " (" + scenario.name() + ")");
      System.out.println("| | Varve | beside | its figure | unit | ratio | target | note |");
      for (Row row : session.rows()) {
        if (row.scenario().equals(scenario.name())) {
          System.out.println(Report.line(row));
        }
      }
    }
  }
}
