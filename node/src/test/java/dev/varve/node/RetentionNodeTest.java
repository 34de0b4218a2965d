package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetentionNodeTest {
  @Test
  void thePrimaryHidesWhatIsBeyondTheLimits(@TempDir Path directory) throws IOException {
    try (TestNode node =
        TestNode.standalone(
            directory, "RETENTION_MAX_RECORDS", "main=3", "RETENTION_INTERVAL", "1")) {
      for (int i = 0; i < 10; i++) {
        node.put("k" + i, "1");
      }
      Eventually.holds(
          Duration.ofSeconds(20), () -> "k6 is hidden", () -> !node.get("k6").getFound());
      assertFalse(node.get("k0").getFound());
      assertTrue(node.get("k7").getFound());
      Eventually.holds(
          Duration.ofSeconds(20),
          () -> "counted",
          () ->
              node.metrics().find("varve.retention.hidden.bytes").counters().stream()
                      .mapToDouble(c -> c.count())
                      .sum()
                  > 0);
      assertEquals(0, node.metrics().get("varve.clock.distrusted.seconds").gauge().value());
    }
  }
}
