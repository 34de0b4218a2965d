package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ExpiringBytesTest {
  private record Counted(long expiresAtMs, long length) {}

  @Test
  void isExactForAFewTimes() {
    ExpiringBytes bytes = new ExpiringBytes();
    bytes.add(1000, 10);
    bytes.add(2000, 20);
    bytes.add(1000, 5);
    assertEquals(0, bytes.expiredBy(999));
    assertEquals(15, bytes.expiredBy(1000));
    assertEquals(35, bytes.expiredBy(2000));
    bytes.remove(1000, 10);
    assertEquals(5, bytes.expiredBy(1500));
  }

  /** Guard: {@code find} by spans that only grow; a removal elsewhere would leave bytes behind. */
  @Test
  void countsNothingTooEarlyAndEverythingInTheEnd() {
    for (long seed = 0; seed < 50; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      ExpiringBytes bytes = new ExpiringBytes();
      List<Counted> live = new ArrayList<>();
      for (int i = 0; i < 3000; i++) {
        if (live.isEmpty() || random.nextInt(3) > 0) {
          long spread = random.nextInt(20) == 0 ? Long.MAX_VALUE : 1L << random.nextInt(5, 40);
          Counted record = new Counted(1 + random.nextLong(spread), 1 + random.nextInt(1000));
          bytes.add(record.expiresAtMs(), record.length());
          live.add(record);
        } else {
          Counted gone = live.remove(random.nextInt(live.size()));
          bytes.remove(gone.expiresAtMs(), gone.length());
        }
        long now = random.nextLong(1L << 40);
        assertTrue(bytes.expiredBy(now) <= expired(live, now), "seed " + seed);
      }
      assertEquals(expired(live, Long.MAX_VALUE), bytes.expiredBy(Long.MAX_VALUE), "seed " + seed);
      live.forEach(record -> bytes.remove(record.expiresAtMs(), record.length()));
      assertEquals(0, bytes.expiredBy(Long.MAX_VALUE), "seed " + seed);
    }
  }

  private static long expired(List<Counted> records, long nowMs) {
    return records.stream()
        .filter(record -> record.expiresAtMs() <= nowMs)
        .mapToLong(Counted::length)
        .sum();
  }

  /** A record that lives very long does not make all others seem to. */
  @Test
  void isAtMostATwentiethOfTheTimeLateWhenRecordsComeEvenly() {
    ExpiringBytes bytes = new ExpiringBytes();
    bytes.add(Long.MAX_VALUE, 1);
    for (int i = 0; i < 10_000; i++) {
      bytes.add(100_000 + i * 10, 1);
    }
    for (int i = 500; i < 10_000; i += 7) {
      assertTrue(bytes.expiredBy(100_000 + i * 10) >= i - 500, "at " + i);
    }
    assertEquals(10_000, bytes.expiredBy(200_000));
  }
}
