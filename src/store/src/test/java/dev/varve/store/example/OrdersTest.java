package dev.varve.store.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OrdersTest {
  private static final Path SOURCE = Path.of("src/test/java/dev/varve/store/example/Orders.java");
  private static final Path GUIDE = Path.of("../../docs/embedding.md");

  @Test
  void keepsItsOrdersAndReclaimsWhatWasOverwritten(@TempDir Path directory) throws IOException {
    List<String> numbers = IntStream.range(0, 200).mapToObj(i -> "2026-" + i).toList();
    try (Orders orders = new Orders(directory)) {
      for (int round = 0; round < 3; round++) {
        orders.put(numbers, ("round " + round + " ").repeat(3000)).join();
      }
      assertTrue(orders.compact("nightly-1") > 5 << 20);
      assertEquals(0, orders.compact("nightly-2"));
      orders.put(numbers, "round 2 again ".repeat(3000)).join();
      assertTrue(orders.compactInBackground("weekly-1").bytesReclaimed().join() > 4 << 20);
      assertEquals(11, orders.numbers("2026-19").size());
    }
    try (Orders orders = new Orders(directory)) {
      assertTrue(orders.get("2026-7").startsWith("round 2"));
      assertEquals("none", orders.get("2025-1"));
    }
  }

  /** The guide shows the program that is compiled here, from its class on. */
  @Test
  void theGuideShowsThisProgram() throws IOException {
    String source = Files.readString(SOURCE);
    String program = source.substring(source.indexOf("public final class Orders"));
    assertTrue(
        Files.readString(GUIDE).contains("```java\n" + program + "```"),
        "docs/embedding.md does not show " + SOURCE + " as it is");
  }
}
