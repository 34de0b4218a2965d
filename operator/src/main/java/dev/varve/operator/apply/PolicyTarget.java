package dev.varve.operator.apply;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.operator.plan.Notice;
import io.fabric8.kubernetes.api.model.batch.v1.Job;

/** What a policy's plan changes on the API server: one request a call, each safe to repeat. */
public interface PolicyTarget {

  /** Creates the Job; false when one of that name exists by now. */
  boolean create(Job job);

  /**
   * Writes the status of a policy that nobody changed since it was observed.
   *
   * @throws ChangedMeanwhileException when somebody did; nothing was written
   */
  void writeStatus(CompactionPolicy observed, CompactionPolicyStatus status);

  /** Notes on the Job that its result is in the status; no matter if the Job is gone. */
  void markRecorded(String namespace, String job);

  /** Deletes the Job and its pod; no matter if it is gone. */
  void delete(String namespace, String job);

  /** Tells a notice, once however often it is told. */
  void tell(CompactionPolicy policy, Notice notice);

  /** The observation that a status was planned from is out of date. */
  final class ChangedMeanwhileException extends RuntimeException {
    public ChangedMeanwhileException(String message, Throwable cause) {
      super(message, cause);
    }
  }
}
