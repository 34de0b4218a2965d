package dev.varve.replication;

import java.io.IOException;
import java.time.Duration;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A world of one thread: tasks at simulated times, everything decided by one seed. Machines live in
 * it ({@link Machine}); what a dead process had scheduled does not happen.
 */
final class Simulation {
  private record Event(long atNanos, long order, Machine owner, Runnable task)
      implements Comparable<Event> {
    @Override
    public int compareTo(Event other) {
      int byTime = Long.compare(atNanos, other.atNanos);
      return byTime != 0 ? byTime : Long.compare(order, other.order);
    }
  }

  final SplittableRandom random;
  final Machine world;
  private final PriorityQueue<Event> events = new PriorityQueue<>();
  private @Nullable AssertionError failure;
  private long nowNanos;
  private long order;

  Simulation(long seed) {
    this.random = new SplittableRandom(seed);
    this.world = new Machine("world");
  }

  long nowNanos() {
    return nowNanos;
  }

  long nowMs() {
    return nowNanos / 1_000_000;
  }

  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  Duration between(long minMicros, long maxMicros) {
    return Duration.ofNanos(random.nextLong(minMicros * 1_000, maxMicros * 1_000 + 1));
  }

  void after(Duration delay, Runnable task) {
    world.at(nowNanos + delay.toNanos(), task);
  }

  /** Runs what happens within {@code duration}. */
  void run(Duration duration) {
    long end = nowNanos + duration.toNanos();
    while (!events.isEmpty() && events.peek().atNanos <= end) {
      step();
    }
    nowNanos = end;
  }

  /** Runs until the condition holds; returns false if it does not within {@code limit}. */
  boolean runUntil(BooleanSupplier condition, Duration limit) {
    long end = nowNanos + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (events.isEmpty() || events.peek().atNanos > end) {
        nowNanos = Math.max(nowNanos, end);
        return condition.getAsBoolean();
      }
      step();
    }
    return true;
  }

  private void step() {
    Event event = events.remove();
    nowNanos = Math.max(nowNanos, event.atNanos);
    if (event.owner.alive) {
      try {
        event.task.run();
      } catch (MachineDied e) {
        if (e.machine != event.owner) {
          throw e; // whoever ran something on that machine is further up
        }
      } catch (AssertionError e) {
        failure = failure == null ? e : failure;
        throw e;
      }
    }
  }

  /** Throws what any task found wrong, even if something in between swallowed it. */
  void rethrow() {
    if (failure != null) {
      throw failure;
    }
  }

  /**
   * A thread of a dead process goes no further: this ends what it was in the middle of. An error,
   * so that no code of the process can make an answer of it: a dead process gives none.
   */
  static final class MachineDied extends Error {
    private static final long serialVersionUID = 1L;

    private final transient Machine machine;

    private MachineDied(Machine machine) {
      super(machine.name + " died", null, false, false);
      this.machine = machine;
    }
  }

  /** A process: its tasks and timers die with it. Its clock runs a little fast or slow. */
  final class Machine implements Scheduler {
    final String name;
    private final double clockRate;
    private final long clockOrigin;
    private boolean alive = true;
    private long lastTaskNanos;

    Machine(String name) {
      this.name = name;
      this.clockRate = random.nextDouble(0.97, 1.03);
      this.clockOrigin = random.nextLong(1_000_000_000_000L);
    }

    void kill() {
      alive = false;
    }

    boolean isAlive() {
      return alive;
    }

    void at(long atNanos, Runnable task) {
      events.add(new Event(atNanos, order++, this, task));
    }

    @Override
    public void execute(Runnable task) {
      lastTaskNanos = Math.max(lastTaskNanos, nowNanos);
      at(lastTaskNanos, task);
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
      boolean[] cancelled = new boolean[1];
      at(
          nowNanos + (long) (delay.toNanos() / clockRate),
          () -> {
            if (!cancelled[0]) {
              task.run();
            }
          });
      return () -> cancelled[0] = true;
    }

    @Override
    public long nowNanos() {
      return clockOrigin + (long) (nowNanos * clockRate);
    }

    /**
     * Runs other things until the future completes, as the rest of the world does while a thread
     * waits.
     */
    @Override
    public <T> T await(CompletableFuture<T> future) throws IOException {
      while (!future.isDone()) {
        if (!alive) {
          throw new MachineDied(this);
        }
        if (events.isEmpty()) {
          throw new IllegalStateException("nothing is left that could complete what is waited for");
        }
        step();
      }
      try {
        return future.join();
      } catch (CompletionException e) {
        throw new IOException(e.getCause());
      }
    }

    /** As {@link #await}, for those who look at the future themselves. */
    void waitFor(CompletableFuture<?> future) {
      while (!future.isDone()) {
        if (!alive) {
          throw new MachineDied(this);
        }
        step();
      }
    }

    /** A serial executor whose tasks each take up to {@code maxMicros} to begin. */
    Executor executor(long maxMicros) {
      return new Executor() {
        private long lastNanos;

        @Override
        public void execute(Runnable task) {
          long stall = chance(0.002) ? random.nextLong(200_000_000L) : 0;
          lastNanos =
              Math.max(lastNanos, nowNanos + random.nextLong(maxMicros * 1_000 + 1) + stall);
          at(lastNanos, task);
        }
      };
    }
  }
}
