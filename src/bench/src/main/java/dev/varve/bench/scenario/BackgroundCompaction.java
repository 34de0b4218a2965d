package dev.varve.bench.scenario;

import dev.varve.bench.load.Workers;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A thread that compacts again and again beside a load. */
final class BackgroundCompaction implements AutoCloseable {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Compacts, or finds that there is nothing to do; says which. */
  @FunctionalInterface
  interface Run {
    boolean once() throws IOException;
  }

  private final Run run;
  private final Thread thread;
  private final AtomicReference<@Nullable Exception> failure = new AtomicReference<>();
  private volatile boolean stopping;
  private volatile int runs;
  private volatile long busyNanos;

  BackgroundCompaction(Run run) {
    this.run = run;
    this.thread = Thread.ofPlatform().name("bench-compaction").start(this::loop);
  }

  /** Runs so far. */
  int runs() {
    return runs;
  }

  /** Nanoseconds within runs so far. */
  long busyNanos() {
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
      } catch (IOException | RuntimeException e) {
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
    Exception failed = failure.get();
    if (failed != null) {
      throw new IOException("compaction beside the load failed: " + failed, failed);
    }
  }
}
