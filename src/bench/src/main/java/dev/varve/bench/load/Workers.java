package dev.varve.bench.load;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Threads that begin together and of which none goes on after one has failed. */
public final class Workers {
  private Workers() {}

  /** What a thread does. */
  @FunctionalInterface
  public interface Body {
    /**
     * Runs until it is done or {@code running} says no.
     *
     * @param worker the thread's number, from 0
     */
    void run(int worker, BooleanSupplier running) throws IOException;
  }

  /** Runs the body on so many platform threads and waits for them all. */
  public static void run(int threads, Body body) throws IOException {
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    List<Thread> started = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      int worker = i;
      started.add(
          Thread.ofPlatform()
              .name("bench-" + worker)
              .start(
                  () -> {
                    try {
                      body.run(worker, () -> failure.get() == null);
                    } catch (IOException | RuntimeException | Error e) {
                      failure.compareAndSet(null, e);
                    }
                  }));
    }
    for (Thread thread : started) {
      join(thread);
    }
    Throwable first = failure.get();
    if (first instanceof IOException e) {
      throw e;
    }
    if (first != null) {
      throw new IllegalStateException("a worker failed: " + first, first);
    }
  }

  /** Waits for a thread; an interrupt is kept for later, since a store may be in use. */
  public static void join(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
