package dev.varve.node.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The table of settings in {@code docs/cli.md} is what a node reads, defaults included. */
class SettingsPageTest {
  private static final Pattern ROW =
      Pattern.compile("^\\| `([A-Z_]+)` \\| (?:`([^`]+)`)? *\\|", Pattern.MULTILINE);
  private static final Pattern NAME = Pattern.compile("`([A-Z]+(?:_[A-Z]+)*)`");

  /** Read by application.properties, not by {@link SettingsReader}. */
  private static final Set<String> OF_QUARKUS = Set.of("VARVE_HTTP_PORT", "VARVE_LOG_LEVEL");

  private static final Map<String, String> STANDALONE =
      Map.of("VARVE_MODE", "standalone", "VARVE_DATA_DIR", "/data");
  private static final Map<String, String> WITH_LEASE_FILE =
      Map.of(
          "VARVE_MEMBER", "a",
          "VARVE_DATA_DIR", "/data",
          "VARVE_PEERS", "a=a.svc:9090",
          "VARVE_LEASE_FILE", "/lease");
  private static final Map<String, String> WITH_LEASE =
      Map.of(
          "VARVE_MEMBER", "a",
          "VARVE_DATA_DIR", "/data",
          "VARVE_PEERS", "a=a.svc:9090",
          "VARVE_NAMESPACE", "shop",
          "VARVE_LEASE", "a");

  private static String page() throws IOException {
    return Files.readString(Path.of("../docs/cli.md"));
  }

  @Test
  void statesTheDefaults() throws IOException {
    Map<String, String> defaults = new LinkedHashMap<>();
    for (MatchResult row : ROW.matcher(page()).results().toList()) {
      if (row.group(2) != null && !OF_QUARKUS.contains(row.group(1))) {
        defaults.put(row.group(1), row.group(2));
      }
    }
    assertEquals("3600", defaults.get("COMPACTION_INTERVAL"), defaults::toString);
    assertTrue(defaults.size() > 15, defaults::toString);
    NodeSettings absent = read(STANDALONE, new TreeSet<>());
    defaults.forEach(
        (name, value) -> {
          Map<String, String> values = new HashMap<>(STANDALONE);
          values.put(name, value);
          assertEquals(absent, read(values, new TreeSet<>()), name + "=" + value);
        });
  }

  @Test
  void statesTheDefaultsOfQuarkusToo() throws IOException {
    String properties = Files.readString(Path.of("src/main/resources/application.properties"));
    assertTrue(properties.contains("quarkus.http.port=${VARVE_HTTP_PORT:8080}"), properties);
    assertTrue(properties.contains("quarkus.log.level=${VARVE_LOG_LEVEL:INFO}"), properties);
    assertTrue(page().contains("| `VARVE_HTTP_PORT` | `8080` |"));
    assertTrue(page().contains("| `VARVE_LOG_LEVEL` | `INFO` |"));
  }

  /** Nothing that the reader asks for is missing, and nothing is there that it does not ask for. */
  @Test
  void namesEverySettingAndNoOther() throws IOException {
    Set<String> asked = new TreeSet<>();
    for (Map<String, String> mode : Set.of(STANDALONE, WITH_LEASE, WITH_LEASE_FILE)) {
      assertNotNull(read(mode, asked));
    }
    asked.removeIf(name -> !name.equals(name.toUpperCase(Locale.ROOT)));
    asked.addAll(OF_QUARKUS);
    String page = page();
    String settings = page.substring(page.indexOf("### Settings of a node"));
    Set<String> named =
        NAME.matcher(settings).results().map(m -> m.group(1)).collect(Collectors.toSet());
    named.remove("INFO"); // a level
    assertEquals(asked, new TreeSet<>(named));
  }

  private static NodeSettings read(Map<String, String> values, Set<String> asked) {
    return new SettingsReader(
            name -> {
              asked.add(name);
              return Optional.ofNullable(values.get(name));
            })
        .read();
  }
}
