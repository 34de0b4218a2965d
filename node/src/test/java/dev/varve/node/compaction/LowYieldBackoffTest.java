package dev.varve.node.compaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.CompactionEvent;
import dev.varve.store.compaction.Strategy;
import java.util.List;
import org.junit.jupiter.api.Test;

class LowYieldBackoffTest {
  private final LowYieldBackoff backoff = new LowYieldBackoff(0.1);

  private static CompactionEvent end(CompactionEvent.Type type, long spaceSaved) {
    return new CompactionEvent(
        1,
        type,
        "own-1",
        "main",
        Strategy.REWRITE,
        0,
        List.of(),
        1000,
        1000 - spaceSaved,
        spaceSaved,
        5,
        1,
        10,
        1,
        1,
        0,
        "Compacted",
        "",
        1);
  }

  @Test
  void aRunWithoutAnEventCountsAsOneThatFailed() {
    assertEquals(1, backoff.failed("main"));
    assertEquals(1, passedOver());
    assertEquals(2, backoff.failed("main"));
    assertEquals(2, passedOver());
  }

  private int passedOver() {
    int looks = 0;
    while (backoff.passesOver("main")) {
      looks++;
    }
    return looks;
  }

  @Test
  void runsThatFreeLittleArePassedOverLongerAndLonger() {
    assertEquals(0, passedOver());
    for (int looks : new int[] {1, 2, 4, 8, 16, 16}) {
      assertEquals(looks, backoff.ended(end(CompactionEvent.Type.COMPLETED, 99)));
      assertEquals(looks, passedOver());
    }
  }

  @Test
  void failuresCountAndAGoodRunEndsIt() {
    assertEquals(1, backoff.ended(end(CompactionEvent.Type.FAILED, 0)));
    assertEquals(2, backoff.ended(end(CompactionEvent.Type.FAILED, 0)));
    assertTrue(backoff.passesOver("main"));
    assertFalse(backoff.passesOver("objects"), "another keyspace");
    assertEquals(0, backoff.ended(end(CompactionEvent.Type.COMPLETED, 100)));
    assertEquals(0, passedOver());
    assertEquals(1, backoff.ended(end(CompactionEvent.Type.FAILED, 0)));
  }
}
