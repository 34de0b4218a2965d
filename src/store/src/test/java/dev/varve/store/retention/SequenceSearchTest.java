package dev.varve.store.retention;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SequenceSearchTest {
  private final TreeMap<Long, Long> records = new TreeMap<>();

  private long reach(long to, long weight) throws IOException {
    return SequenceSearch.reach(
        0, to, weight, (from, until, scale) -> records.subMap(from, until).forEach(scale::weigh));
  }

  @Test
  void findsTheExactSequenceInAnyRange() throws IOException {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      records.clear();
      long range = 1L << random.nextInt(5, 50);
      long total = 0;
      for (int i = 0; i < 50; i++) {
        long weight = random.nextInt(1, 100);
        long sequence = random.nextLong(range);
        Long before = records.put(sequence, weight);
        total += weight - (before == null ? 0 : before);
      }
      long wanted = random.nextLong(1, total + 1);
      long expected = 0;
      long sum = 0;
      for (Map.Entry<Long, Long> record : records.entrySet()) {
        sum += record.getValue();
        expected = record.getKey() + 1;
        if (sum >= wanted) {
          break;
        }
      }
      assertEquals(expected, reach(range, wanted), "seed " + seed);
    }
  }

  @Test
  void endsWithTheRangeWhenThereIsNotSoMuch() throws IOException {
    records.put(5L, 1L);
    assertEquals(1 << 20, reach(1 << 20, 2));
  }

  @Test
  void nothingIsReachedAtOnce() throws IOException {
    records.put(0L, 1L);
    assertEquals(0, reach(10, 0));
  }
}
