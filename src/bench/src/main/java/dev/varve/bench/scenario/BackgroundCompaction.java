package dev.varve.bench.scenario;

import dev.varve.bench.load.Workers;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A thread that compacts again and again beside a load. */
public final class BackgroundCompaction implements AutoCloseable {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Compacts, or finds that there is nothing to do; says which. */
  @FunctionalInterface
  public interface Run {
    /** Returns whether it compacted. */
    boolean once() throws IOException;
  }

  private final Run run;
  private final Thread thread;
  private final AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
  private volatile boolean stopping;
  private volatile int runs;
  private volatile long busyNanos;
  private volatile int failed;
  private volatile String lastFailure = "";

  /** Begins at once. */
  public BackgroundCompaction(Run run) {
    this.run = run;
    this.thread = Thread.ofPlatform().name("bench-compaction").start(this::loop);
  }

  /** How the runs of several turns ended, in a few words. */
  public static String describe(List<BackgroundCompaction> turns) {
    int completed = turns.stream().mapToInt(BackgroundCompaction::runs).sum();
    int failures = turns.stream().mapToInt(BackgroundCompaction::failed).sum();
    String last =
        turns.stream()
            .map(BackgroundCompaction::lastFailure)
            .filter(message -> !message.isEmpty())
            .reduce("", (earlier, later) -> later);
    return String.format(Locale.ROOT, "%d compactions", completed)
        + (failures == 0 ? "" : String.format(Locale.ROOT, ", %d failed (%s)", failures, last));
  }

  /** Completed runs so far. */
  public int runs() {
    return runs;
  }

  /** Runs that ended with an error. */
  int failed() {
    return failed;
  }

  /** What the last failed run said; empty if none did. */
  String lastFailure() {
    return lastFailure;
  }

  /** Nanoseconds within completed runs so far. */
  public long busyNanos() {
    return busyNanos;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // this thread alone writes them
  private void loop() {
    while (!stopping) {
      long started = System.nanoTime();
      try {
        if (run.once()) {
          busyNanos += System.nanoTime() - started;
          runs++;
        }
      } catch (IOException e) {
        failed++; // rolled back by the store; what it holds is verified afterwards
        lastFailure = String.valueOf(e.getMessage());
      } catch (RuntimeException e) {
        failure.set(e);
        return;
      }
      if (System.nanoTime() - started < PAUSE_NANOS) {
        LockSupport.parkNanos(PAUSE_NANOS); // nothing to do just now
      }
    }
  }

  /** Waits for the run under way. */
  @Override
  public void close() throws IOException {
    stopping = true;
    Workers.join(thread);
    RuntimeException broken = failure.get();
    if (broken != null) {
      throw new IOException("compaction beside the load failed: " + broken, broken);
    }
  }
}
