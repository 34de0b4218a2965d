package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PromisesTest {
  private static final long MS = 1_000_000;
  private final Timing timing = Timing.defaults();

  /** Guard: {@code promisedUntilNanos = startedNanos + promiseNanos} in the constructor. */
  @Test
  void aRestartedMemberKeepsThePromiseItMayHaveGiven() {
    Promises promises = new Promises(timing, 0);
    assertFalse(promises.allowFence(1_499 * MS));
    assertFalse(promises.allowPreVote(1_499 * MS));
    assertTrue(promises.allowFence(1_500 * MS));
    assertTrue(promises.allowPreVote(1_500 * MS));
  }

  /** Guard: {@link Promises#promise} moves the end of the promise. */
  @Test
  void anAcknowledgedHeartbeatBindsForThePromise() {
    Promises promises = new Promises(timing, 0);
    promises.promise(10_000 * MS);
    assertFalse(promises.allowFence(11_499 * MS));
    assertTrue(promises.allowFence(11_500 * MS));
  }

  /** Guard: {@code heardNanos} in {@link Promises#allowPreVote}. */
  @Test
  void aFencedCandidateGetsTimeToBeginButNoPromise() {
    Promises promises = new Promises(timing, 0);
    promises.fenced(10_000 * MS);
    assertFalse(promises.allowPreVote(10_100 * MS));
    assertTrue(promises.allowFence(10_100 * MS));
  }

  /** Guard: the promise is longer than the fresh read, and begins no earlier. */
  @Test
  void freshReadsEndBeforeThePromisesTheyRestOn() {
    MemberId a = new MemberId("a", "1");
    MemberId b = new MemberId("b", "2");
    MemberId c = new MemberId("c", "3");
    Map<MemberId, Long> sent = Map.of(a, 9_000 * MS, b, 8_000 * MS, c, Long.MIN_VALUE);
    long freshUntil = ReadPromise.freshUntilNanos(new Quorum(List.of(a, b, c)), timing, sent::get);
    assertEquals(9_000 * MS, freshUntil);
    Promises promises = new Promises(timing, 0);
    promises.promise(8_000 * MS);
    assertFalse(promises.allowFence(freshUntil));
    assertEquals(
        Long.MIN_VALUE,
        ReadPromise.freshUntilNanos(
            new Quorum(List.of(a, b, c)), timing, m -> m.equals(a) ? 9_000 * MS : Long.MIN_VALUE));
  }

  @Test
  void timingsThatBreakTheRuleAreRefused() {
    Timing t = timing;
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new Timing(
                t.heartbeat(),
                t.promise(),
                Duration.ofMillis(1_500),
                t.electionMin(),
                t.electionMax(),
                t.quorumLost(),
                t.write(),
                t.request(),
                t.vote(),
                t.fencing(),
                t.leaseRenewal(),
                t.leaseDuration(),
                t.bootstrapPoll()));
  }
}
