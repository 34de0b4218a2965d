package dev.varve.replication;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.Test;

/**
 * Whole clusters under random trouble: {@link ClusterSimulation}, seed after seed.
 *
 * <p>Seeds 1 to 2,000, or {@code -Dvarve.seeds=N} of them. {@code -Dvarve.simulation.minutes=N}
 * takes new seeds for so long instead, {@code -Dvarve.simulation.seed=N} that one alone.
 */
class ClusterSimulationTest {
  private static final int SEEDS = Integer.getInteger("varve.seeds", 2_000);

  /** Of this many seeds each thing must have happened, whatever they are. */
  private static final int SEEDS_THAT_SHOW_ALL = 100;

  private static final int SEEDS_A_LINE = 500;

  private final ClusterCounts counts = new ClusterCounts();

  @Test
  void clustersKeepTheirWordUnderTrouble() throws InterruptedException, IOException {
    Long seed = Long.getLong("varve.simulation.seed");
    int minutes = Integer.getInteger("varve.simulation.minutes", 0);
    if (seed != null) {
      simulate(seed);
      report("seed " + seed);
    } else if (minutes > 0) {
      long first = System.currentTimeMillis() << 20;
      long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(minutes);
      simulateFrom(first, next -> System.nanoTime() - end < 0);
      report(minutes + " minutes from seed " + first);
    } else {
      simulateFrom(1, next -> next <= SEEDS);
      report("seeds from 1");
    }
    if (counts.seeds() >= SEEDS_THAT_SHOW_ALL) {
      counts.requireAll();
    }
  }

  private void report(String what) {
    System.out.println("cluster simulation, " + what + ": " + counts);
  }

  /** Goes on from seed to seed on every processor while it should; the first failure ends all. */
  private void simulateFrom(long first, LongPredicate goOn) throws InterruptedException {
    AtomicLong next = new AtomicLong(first);
    AtomicBoolean failed = new AtomicBoolean();
    Callable<Void> worker =
        () -> {
          try {
            for (long seed = next.getAndIncrement();
                goOn.test(seed) && !failed.get();
                seed = next.getAndIncrement()) {
              simulate(seed);
            }
          } catch (AssertionError e) {
            failed.set(true);
            throw e;
          }
          return null;
        };
    int threads = Runtime.getRuntime().availableProcessors();
    List<Future<Void>> workers = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      for (int i = 0; i < threads; i++) {
        workers.add(executor.submit(worker));
      }
      for (Future<Void> ended : workers) {
        try {
          ended.get();
        } catch (ExecutionException e) {
          throw new AssertionError(e.getMessage(), e);
        }
      }
    }
  }

  private void simulate(long seed) throws IOException {
    ClusterSimulation simulation = new ClusterSimulation(seed);
    simulation.run();
    counts.add(simulation);
    long done = counts.seeds();
    if (done % SEEDS_A_LINE == 0) {
      System.out.println(done + " seeds simulated");
    }
  }
}
