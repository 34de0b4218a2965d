package dev.varve.bench.cluster;

import dev.varve.bench.Figures;
import dev.varve.bench.Machine;
import dev.varve.bench.Page;
import dev.varve.bench.Report;
import dev.varve.bench.Row;
import dev.varve.bench.Settings;
import dev.varve.bench.system.SystemKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The results as the page's part on the replicated system. */
final class ClusterReport {
  private ClusterReport() {}

  /** Writes the part; the rest of the page stays. */
  static void write(
      Path page, ClusterRun run, List<ClusterScenario> scenarios, String date, String command)
      throws IOException {
    Page.read(page).withCluster(text(run, scenarios, date, command)).write(page);
  }

  static String text(ClusterRun run, List<ClusterScenario> scenarios, String date, String command)
      throws IOException {
    Settings settings = run.session().settings();
    StringBuilder text = new StringBuilder("## The replicated system beside others\n\n");
    text.append("Written by `./dev bench --cluster`, on ").append(date).append(":\n\n");
    for (String line : Machine.describe(settings.directory())) {
      text.append("- ").append(line).append('\n');
    }
    text.append("\nCommand:\n\n    ").append(command).append("\n\n");
    text.append(
        String.format(
            Locale.ROOT,
            """
            All members of all systems are processes of this one machine, on its loopback address and one
            disk, and share its processors with the load; so the figures compare systems, they do not say
            what a cluster of machines does. Every figure is the median of %d turns of %s s a system,
            forwards and backwards by turns, while the others run idle; a ratio is the median of the turns'
            ratios, Varve ÷ the other. One load for all: a virtual thread a client; gRPC's clients share a
            connection by eight, each of Redis's has its own. Keys have 16 bytes; each system begins with
            %d MiB of keys and values, empty again for each size of value. Values are random, and what was
            put is read back. Latencies are from HdrHistograms of three digits. "MISSED" marks a target of
            the project that was not reached.

            | system | version | configuration and durability |
            | --- | --- | --- |
            """,
            settings.pairs(),
            Figures.number(settings.measure().toMillis() / 1e3),
            settings.dataBytes() >> 20));
    for (SystemKind kind : run.settings().systems()) {
      text.append(
          "| %s | %s | %s |\n"
              .formatted(
                  kind.label(), run.versions().getOrDefault(kind, "–"), kind.configuration()));
    }
    for (ClusterScenario scenario : scenarios) {
      List<Row> rows =
          run.session().rows().stream()
              .filter(row -> row.scenario().equals(scenario.name()))
              .toList();
      if (!rows.isEmpty()) {
        text.append("\n### ").append(scenario.title()).append("\n\n");
        text.append('`').append(scenario.name()).append("`. ").append(scenario.method());
        text.append("\n\n");
        Report.appendTable(text, rows);
      }
    }
    return text.toString();
  }
}
