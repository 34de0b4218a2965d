package dev.varve.e2e;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.awaitility.core.ThrowingRunnable;

/** Waiting for a condition, with a deadline. */
final class Await {
  private Await() {}

  /**
   * Returns when the assertions hold.
   *
   * @param what completes "timed out waiting until …"
   * @throws org.awaitility.core.ConditionTimeoutException with the last failed assertion
   */
  static void until(String what, long deadlineSeconds, ThrowingRunnable assertions) {
    await(what)
        .atMost(Duration.ofSeconds(deadlineSeconds))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(250))
        .untilAsserted(assertions);
  }
}
