package dev.varve.replication;

import java.time.Duration;

/**
 * How it went when this member wanted to become primary, since it last heard one.
 *
 * @param refused how often in a row no majority granted a pre-vote
 * @param stoodBack whether it left the way to a more advanced member already, and will not again
 * @param yieldedTo the highest term in the Lease that it left to the member that took it; 0: none
 */
record Candidacies(int refused, boolean stoodBack, long yieldedTo) {
  /** A primary was heard, or none was wanted yet. */
  static final Candidacies NONE = new Candidacies(0, false, 0);

  Candidacies withRefusal() {
    return new Candidacies(refused + 1, stoodBack, yieldedTo);
  }

  Candidacies withStandingBack() {
    return new Candidacies(refused, true, yieldedTo);
  }

  Candidacies withYieldTo(long term) {
    return new Candidacies(refused, stoodBack, term);
  }

  /**
   * How long to leave it after a refused pre-vote: nothing the first time, as the others' promises
   * to a lost primary end within a heartbeat of this member's own; longer each time, up to the
   * ordinary silence, since a member that is cut off is refused for as long as it is.
   */
  Duration pause(Timing timing) {
    Duration pause = timing.heartbeat().multipliedBy(Math.max(0, refused - 1));
    return pause.compareTo(timing.electionMin()) < 0 ? pause : timing.electionMin();
  }
}
