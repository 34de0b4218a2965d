package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/testing.md} names tests that exist, and some for each of its rows; so does {@code
 * docs/replication.md} beside its rules.
 */
class TestingPageTest {
  private static final int ROWS = 23;
  private static final Pattern ROW =
      Pattern.compile("^\\| ([0-9]+) \\|[^|]+\\|[^|]+\\|([^|]+)\\|$", Pattern.MULTILINE);
  private static final Pattern NAME = Pattern.compile("`([A-Za-z0-9]+)`");
  private static final Pattern TEST_NAME = Pattern.compile("`([A-Za-z0-9]+Test)[.`]");
  private static final Path ROOT = Path.of("..", "..");

  @Test
  void everyTestThatItNamesExists() throws IOException {
    Set<String> tests = tests();
    Matcher row = ROW.matcher(Files.readString(ROOT.resolve("docs/testing.md")));
    int rows = 0;
    while (row.find()) {
      rows++;
      assertEquals(rows, Integer.parseInt(row.group(1)), "the rows are numbered");
      Matcher name = NAME.matcher(row.group(2));
      assertTrue(name.find(), "row " + rows + " names no test");
      do {
        assertTrue(tests.contains(name.group(1)), "row " + rows + ": " + name.group(1));
      } while (name.find());
    }
    assertEquals(ROWS, rows);
  }

  @Test
  void everyTestOfTheRulesOfReplicationExists() throws IOException {
    Set<String> tests = tests();
    Matcher name = TEST_NAME.matcher(Files.readString(ROOT.resolve("docs/replication.md")));
    Set<String> named = new TreeSet<>();
    while (name.find()) {
      named.add(name.group(1));
    }
    assertTrue(named.size() > 10, named.toString());
    named.removeAll(tests);
    assertEquals(Set.of(), named, "tests that docs/replication.md names and nobody wrote");
  }

  /** The classes in all modules' test sources. */
  private static Set<String> tests() throws IOException {
    Set<String> tests = new TreeSet<>();
    Files.walkFileTree(
        ROOT,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            String name = String.valueOf(folder.getFileName());
            boolean sources =
                !name.equals("target") && (!name.startsWith(".") || name.equals(".."));
            return sources ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String name = String.valueOf(file.getFileName());
            if (file.toString().contains("/test/") && name.endsWith(".java")) {
              tests.add(name.substring(0, name.length() - ".java".length()));
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return tests;
  }
}
