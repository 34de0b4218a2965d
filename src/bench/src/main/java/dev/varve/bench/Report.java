package dev.varve.bench;

import dev.varve.bench.engine.Contender;
import dev.varve.bench.scenario.Scenario;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * The results as a part of the page. What people wrote below {@link #NOTES} in an earlier version
 * of the page is kept, and so are the replicated system's results.
 */
public final class Report {
  static final String NOTES = Page.NOTES;

  private Report() {}

  /**
   * Writes the page.
   *
   * @param date of the run, as in 2026-01-31
   * @param commands the commands that make such a page
   */
  static void write(
      Path page,
      Settings settings,
      List<Scenario> scenarios,
      List<Row> rows,
      String date,
      List<String> commands)
      throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("# Benchmarks\n\n");
    text.append("Written by `./dev bench`; `src/bench` has the code. Date: ").append(date);
    text.append(".\n\n");
    for (String line : Machine.describe(settings.directory())) {
      text.append("- ").append(line).append('\n');
    }
    text.append("\nCommands:\n\n");
    for (String command : commands) {
      text.append("    ").append(command).append('\n');
    }
    text.append(
        String.format(
            Locale.ROOT,
            """

            All stores run in one process, on the same data and with the same durability, one after the
            other. Every figure is the median of %d turns of %s s a side, forwards and backwards by turns;
            a ratio is the median of the turns' ratios, Varve ÷ the other. Keys have 16 bytes; a loaded
            store holds %d MiB of keys and values. Values are random, and every scenario reads back what
            it wrote. Zipfian: constant 0.99, as in YCSB (Cooper et al., 2010), by the method of Gray et
            al. (1994). "MISSED" marks a target of the project that was not reached.

            | store | version | configuration |
            | --- | --- | --- |
            """,
            settings.pairs(),
            Figures.number(seconds(settings.measure())),
            settings.dataBytes() >> 20));
    Versions versions = new Versions();
    for (Contender contender : settings.contenders()) {
      text.append(
          "| %s | %s | %s |\n"
              .formatted(contender.label(), versions.of(contender), contender.configuration()));
    }
    for (Scenario scenario : scenarios) {
      append(text, scenario, rows);
    }
    Page.read(page).withEmbedded(text.toString()).write(page);
  }

  private static void append(StringBuilder text, Scenario scenario, List<Row> rows) {
    List<Row> own = rows.stream().filter(row -> row.scenario().equals(scenario.name())).toList();
    if (own.isEmpty()) {
      return;
    }
    text.append("\n## ").append(scenario.title()).append("\n\n");
    text.append('`').append(scenario.name()).append("`. ").append(scenario.method());
    text.append("\n\n");
    appendTable(text, own);
  }

  /** A table of rows. */
  public static void appendTable(StringBuilder text, List<Row> rows) {
    text.append("| | Varve | beside | its figure | unit | ratio | target | note |\n");
    text.append("| --- | ---: | --- | ---: | --- | ---: | --- | --- |\n");
    for (Row row : rows) {
      text.append(line(row)).append('\n');
    }
  }

  /** One line of a table. */
  public static String line(Row row) {
    Target target = row.target();
    return "| %s | %s | %s | %s | %s | %s | %s | %s |"
        .formatted(
            row.variant(),
            Figures.number(row.varve()),
            row.beside(),
            Figures.number(row.other()),
            row.unit(),
            Figures.number(row.ratio()),
            target == null ? "" : target + (row.missed() ? " **MISSED**" : " met"),
            row.note());
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1e3;
  }
}
