package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Stores under random operations on storage that crashes, loses what was not synced, tears writes,
 * fails calls, fills up and flips bits: {@link StoreSimulation}, seed after seed (pitfalls 1 to 12
 * and 14).
 *
 * <p>Seeds 1, 2, 3 and so on until there were 100,000 crash points. {@code
 * -Dvarve.simulation.minutes=N} takes new seeds for so long instead, {@code
 * -Dvarve.simulation.seed=N} that one alone.
 */
@ExtendWith(QuietLog.class)
class StoreSimulationTest {
  private static final long CRASH_POINTS = 100_000;
  private static final String SEED = "varve.simulation.seed";
  private static final String MINUTES = "varve.simulation.minutes";

  private final SimulationCounts counts = new SimulationCounts();

  @Test
  void keepsWhatItAcknowledgedAndBringsNothingBack() throws InterruptedException {
    Long seed = Long.getLong(SEED);
    int minutes = Integer.getInteger(MINUTES, 0);
    if (seed != null) {
      simulate(seed);
      report("seed " + seed);
    } else if (minutes > 0) {
      long first = System.currentTimeMillis() << 20;
      long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
      simulateFrom(first, () -> System.nanoTime() - end < 0);
      report(minutes + " minutes from seed " + first);
      counts.requireAll();
    } else {
      simulateFrom(1, () -> counts.crashPoints() < CRASH_POINTS);
      report("seeds from 1");
      assertTrue(counts.crashPoints() >= CRASH_POINTS, counts::toString);
      counts.requireAll();
    }
  }

  private void report(String what) {
    System.out.println("store simulation, " + what + ": " + counts);
  }

  /** Goes on from seed to seed on every processor while it should; the first failure ends all. */
  private void simulateFrom(long first, BooleanSupplier goOn) throws InterruptedException {
    AtomicLong next = new AtomicLong(first);
    AtomicLong failures = new AtomicLong();
    int threads = Runtime.getRuntime().availableProcessors();
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        all.add(
            executor.submit(
                () -> {
                  while (failures.get() == 0 && goOn.getAsBoolean()) {
                    try {
                      simulate(next.getAndIncrement());
                    } catch (AssertionError e) {
                      failures.incrementAndGet();
                      throw e;
                    }
                  }
                }));
      }
      for (Future<?> one : all) {
        try {
          one.get();
        } catch (ExecutionException e) {
          throw new AssertionError(e.getMessage(), e);
        }
      }
    }
  }

  private void simulate(long seed) {
    try {
      new StoreSimulation(seed, counts).run();
    } catch (AssertionError e) {
      throw new AssertionError(
          "seed "
              + seed
              + ": "
              + e.getMessage()
              + "\nreplay with: ./dev simulate --seed "
              + seed
              + "\n         or: mvn test -pl src/store -am -Dtest=StoreSimulationTest"
              + " -Dsurefire.failIfNoSpecifiedTests=false -D"
              + SEED
              + '='
              + seed,
          e);
    }
  }
}
