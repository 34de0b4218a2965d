package dev.varve.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.bench.engine.Contender;
import dev.varve.bench.scenario.Scenario;
import dev.varve.bench.scenario.Scenarios;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.h2.mvstore.MVStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every scenario with every store on tiny data: figures are there, and what is read was written.
 */
class ScenariosTest {
  /** Scenarios that measure Varve alone, and peers that one cannot measure. */
  private static final Set<String> VARVE_ALONE = Set.of("keydir-bytes", "reopen", "cold-get");

  @TempDir Path directory;

  static Stream<String> scenarios() {
    return Scenarios.all().stream().map(Scenario::name);
  }

  @ParameterizedTest
  @MethodSource("scenarios")
  void measuresEveryStoreAndLeavesNothingBehind(String name) throws IOException {
    Session session = session(List.of(Contender.values()));
    scenario(name).run(session);

    List<Row> rows = session.rows();
    assertFalse(rows.isEmpty());
    for (Row row : rows) {
      assertEquals(name, row.scenario());
      if (!row.note().startsWith("not run: ")) {
        assertTrue(row.varve() > 0 && row.other() > 0 && row.ratio() > 0, row.toString());
      }
    }
    if (!VARVE_ALONE.contains(name)) {
      Set<String> beside = rows.stream().map(Row::beside).collect(Collectors.toSet());
      for (Contender peer : Contender.values()) {
        boolean measured = !(name.equals("compaction-speed") && peer == Contender.XODUS);
        if (peer != Contender.VARVE) {
          assertEquals(measured, beside.contains(peer.label()), peer + " in " + beside);
        }
      }
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertEquals(List.of(), left.toList());
    }
  }

  /** With its own assertions, which surefire turns on, MVStore fails beside its compaction. */
  @Test
  void peersRunAsTheyDoOutsideOfTests() {
    assertFalse(MVStore.class.desiredAssertionStatus());
  }

  @Test
  void writesAPageAndKeepsItsNotes() throws IOException {
    Session session = session(List.of(Contender.VARVE));
    Scenario keydir = scenario("keydir-bytes");
    keydir.run(session);
    Path page = directory.resolve("benchmarks.md");
    Files.writeString(page, "# Old\n\nold table\n" + Report.NOTES + "\n\nWhat limits it.\n");

    Report.write(
        page, session.settings(), List.of(keydir), session.rows(), "2026-01-31", List.of("run"));

    String text = Files.readString(page);
    assertTrue(text.contains("Date: 2026-01-31"), text);
    assertTrue(text.contains("| 10,000 keys |"), text);
    assertTrue(text.endsWith(Report.NOTES + "\n\nWhat limits it.\n"), text);
    assertFalse(text.contains("old table"), text);
    assertFalse(text.contains("${"), "an unfiltered version: " + text);
  }

  private Session session(List<Contender> contenders) {
    Settings settings =
        new Settings(
            directory,
            contenders,
            Duration.ofMillis(60),
            1,
            1 << 20,
            List.of(100, 1024),
            20_000,
            false);
    return new Session(
        settings, new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8));
  }

  private static Scenario scenario(String name) {
    return Scenarios.all().stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
  }
}
