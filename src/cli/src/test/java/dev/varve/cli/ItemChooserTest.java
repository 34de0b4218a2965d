package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ItemChooserTest {
  private static final int ITEMS = 1000;
  private static final int DRAWS = 400_000;

  private static long[] counts(ItemChooser chooser, int items) {
    long[] counts = new long[items];
    for (int i = 0; i < DRAWS; i++) {
      counts[(int) chooser.next()]++;
    }
    return counts;
  }

  @Test
  void zipfianRanksHaveTheirProbabilities() {
    double zeta = 0;
    for (int rank = 1; rank <= ITEMS; rank++) {
      zeta += 1 / Math.pow(rank, 0.99);
    }
    ZipfianRank ranks = new ZipfianRank(ITEMS);
    long[] counts = counts(() -> ranks.next(ITEMS), ITEMS);
    // The first two ranks are exact by the method; 5 standard deviations either way.
    for (int rank = 0; rank < 2; rank++) {
      double p = 1 / Math.pow(rank + 1, 0.99) / zeta;
      double deviation = 5 * Math.sqrt(DRAWS * p * (1 - p));
      assertEquals(DRAWS * p, (double) counts[rank], deviation, "rank " + rank);
    }
    long half = Arrays.stream(counts, 0, ITEMS / 20).sum();
    assertTrue(half > DRAWS / 2, "the first twentieth has " + half);
  }

  @Test
  void ranksGrowWithTheItems() {
    ZipfianRank grown = new ZipfianRank(10);
    boolean beyond = false;
    for (int i = 0; i < 100_000; i++) {
      long rank = grown.next(ITEMS);
      assertTrue(rank >= 0 && rank < ITEMS);
      beyond |= rank >= 10;
    }
    assertTrue(beyond);
  }

  @Test
  void uniformReachesAllAlike() {
    long[] counts = counts(ItemChooser.uniform(() -> 100), 100);
    double deviation = 6 * Math.sqrt(DRAWS * 0.01 * 0.99);
    for (long count : counts) {
      assertEquals(DRAWS / 100.0, (double) count, deviation);
    }
  }

  @Test
  void latestPrefersWhatWasInsertedLast() {
    AtomicLong items = new AtomicLong(ITEMS);
    ItemChooser latest = ItemChooser.latest(ITEMS, items::get);
    items.set(2L * ITEMS);
    long[] counts = counts(latest, 2 * ITEMS);
    long most = Arrays.stream(counts).max().orElseThrow();
    assertEquals(most, counts[2 * ITEMS - 1]);
  }

  @Test
  void popularItemsAreSpreadOverTheKeys() {
    long[] counts = counts(ItemChooser.zipfian(ITEMS, () -> ITEMS), ITEMS);
    long lower = Arrays.stream(counts, 0, ITEMS / 2).sum();
    assertTrue(lower > DRAWS / 10 && lower < DRAWS - DRAWS / 10, "lower half has " + lower);
  }

  @Test
  void workloadsHaveTheirShares() {
    Map<Workload.Operation, Integer> counts = new EnumMap<>(Workload.Operation.class);
    for (int i = 0; i < 100_000; i++) {
      counts.merge(Workload.D.next(), 1, Integer::sum);
    }
    assertEquals(2, counts.size());
    assertEquals(95_000, counts.getOrDefault(Workload.Operation.READ, 0), 500);
    assertEquals(5_000, counts.getOrDefault(Workload.Operation.INSERT, 0), 500);
  }
}
