package dev.varve.bench.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class LoadTest {
  private static final Dataset DATA = new Dataset(10_000, 64);

  @Test
  void keysDifferAndValuesTellKeyAndVersion() {
    Set<String> keys = new HashSet<>();
    for (long i = 0; i < DATA.keys(); i++) {
      assertEquals(Dataset.KEY_BYTES, DATA.key(i).length);
      keys.add(java.util.HexFormat.of().formatHex(DATA.key(i)));
    }
    assertEquals(DATA.keys(), keys.size());
    assertEquals(5, DATA.versionOf(3, DATA.value(3, 5)));
  }

  @Test
  void aValueOfAnotherKeyOrWithAFlippedBitIsRefused() {
    assertThrows(IllegalStateException.class, () -> DATA.versionOf(4, DATA.value(3, 5)));
    assertThrows(IllegalStateException.class, () -> DATA.versionOf(3, null));
    byte[] flipped = DATA.value(3, 5);
    flipped[40] ^= 1;
    assertThrows(IllegalStateException.class, () -> DATA.versionOf(3, flipped));
  }

  /** The share of rank 1 is 1 / zeta; of rank 2, 2^-0.99 of that. */
  @Test
  void zipfianGivesTheFirstRanksTheirShare() {
    Distribution zipfian = Distribution.zipfian(DATA.keys());
    SplittableRandom random = new SplittableRandom(1);
    double zeta = 0;
    for (long rank = 1; rank <= DATA.keys(); rank++) {
      zeta += 1 / Math.pow((double) rank, 0.99);
    }
    int draws = 200_000;
    int[] drawn = new int[(int) DATA.keys()];
    for (int i = 0; i < draws; i++) {
      drawn[(int) zipfian.next(random)]++;
    }
    assertEquals(draws / zeta, drawn[0], draws / zeta * 0.05);
    assertEquals(draws / zeta * Math.pow(0.5, 0.99), drawn[1], draws / zeta * 0.05);
  }

  /**
   * One stall of a store must be seen in all operations that were meant to start meanwhile, not in
   * one: 100 ms of a second are about a tenth of them.
   */
  @Test
  void aStallIsChargedToAllThatHadToWait() throws IOException {
    AtomicBoolean stalled = new AtomicBoolean();
    AtomicLong taken = new AtomicLong();
    Histogram latencies =
        OfferedLoad.latencies(
            1,
            1000,
            Duration.ofSeconds(1),
            (worker, random) -> {
              if (!stalled.getAndSet(true)) {
                long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(100);
                while (System.nanoTime() - end < 0) {
                  LockSupport.parkNanos(end - System.nanoTime());
                }
              }
            },
            latency -> taken.incrementAndGet());
    assertEquals(latencies.getTotalCount(), taken.get());
    long tenMillis = TimeUnit.MILLISECONDS.toNanos(10);
    long slow = latencies.getCountBetweenValues(tenMillis, latencies.getMaxValue());
    assertTrue(slow >= 80, "only " + slow + " of the operations saw the stall");
  }

  @Test
  void aFailureOfOneWorkerEndsTheOthers() {
    IOException thrown =
        assertThrows(
            IOException.class,
            () ->
                ClosedLoad.perSecond(
                    4,
                    Duration.ofMinutes(5),
                    (worker, random) -> {
                      if (worker == 2) {
                        throw new IOException("worker 2");
                      }
                    }));
    assertEquals("worker 2", thrown.getMessage());
  }
}
