package dev.varve.e2e;

import java.time.Duration;

/** The time that a client lets pass between two calls; never what a test waits for. */
final class Pause {
  private Pause() {}

  static void of(Duration duration) {
    try {
      Thread.sleep(duration);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted between two calls", e);
    }
  }
}
