package dev.varve.operator.plan;

import java.util.Optional;

/**
 * A Kubernetes Event to be told of a policy, and of a cluster where it concerns one.
 *
 * @param key differs for any two notices with the same reason about the same object; telling the
 *     same notice again changes nothing
 */
public record Notice(
    Reason reason, Optional<Cluster> cluster, String action, String text, String key) {

  /** The StoreCluster concerned. */
  public record Cluster(String name, String uid) {}

  /** What the operator tells. */
  public enum Reason {
    CompactionStarted(false),
    CompactionCompleted(false),
    CompactionFailed(true),
    CompactionSkipped(false),
    MissedSchedule(true);

    private final boolean warning;

    Reason(boolean warning) {
      this.warning = warning;
    }

    /** Whether a person should look. */
    public boolean warning() {
      return warning;
    }
  }
}
