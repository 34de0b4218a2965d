package dev.varve.replication;

import java.time.Duration;

/**
 * The time constants of replication. A member that acknowledged a heartbeat helps no other for
 * {@code promise}, and the primary relies on it for {@code freshRead} from sending: the difference
 * is the allowance for clocks of different speed.
 *
 * @param heartbeat between two heartbeats of a primary
 * @param promise how long an acknowledged heartbeat binds
 * @param freshRead how long the primary reads locally on it
 * @param electionMin least silence after which a replica wants to become primary; at least {@code
 *     promise}
 * @param electionMax most silence; the range lets one member finish before another begins
 * @param quorumLost without a majority for this long a primary resigns
 * @param write a write waits at most this long for its quorum
 * @param request an ordinary request is given up after this long
 * @param vote a round of pre-votes is given up after this long
 * @param fencing a round of fences is given up after this long
 * @param leaseRenewal between two renewals of the Lease
 * @param leaseDuration what a new Lease says of its validity
 * @param bootstrapPoll between two looks at the Lease while waiting for a bootstrap
 */
public record Timing(
    Duration heartbeat,
    Duration promise,
    Duration freshRead,
    Duration electionMin,
    Duration electionMax,
    Duration quorumLost,
    Duration write,
    Duration request,
    Duration vote,
    Duration fencing,
    Duration leaseRenewal,
    Duration leaseDuration,
    Duration bootstrapPoll) {

  public Timing {
    if (freshRead.compareTo(promise) >= 0 || electionMin.compareTo(promise) < 0) {
      throw new IllegalArgumentException(
          "fresh reads must end before the promise they rest on, and elections begin after it");
    }
    if (electionMax.compareTo(electionMin) <= 0 || heartbeat.compareTo(freshRead) >= 0) {
      throw new IllegalArgumentException(
          "elections need a range, and fresh reads a heartbeat in time");
    }
  }

  /** Heartbeats each 300 ms, promises of 1.5 s, elections after 1.5 to 2 s. */
  public static Timing defaults() {
    return new Timing(
        Duration.ofMillis(300),
        Duration.ofMillis(1_500),
        Duration.ofSeconds(1),
        Duration.ofMillis(1_500),
        Duration.ofSeconds(2),
        Duration.ofSeconds(3),
        Duration.ofSeconds(5),
        Duration.ofSeconds(2),
        Duration.ofMillis(700),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(15),
        Duration.ofSeconds(1));
  }
}
