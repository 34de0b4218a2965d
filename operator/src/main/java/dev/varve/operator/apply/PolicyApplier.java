package dev.varve.operator.apply;

import dev.varve.crds.CompactionPolicy;
import dev.varve.operator.plan.PolicyAction;
import dev.varve.operator.plan.PolicyPlan;
import dev.varve.operator.resource.CompactionJob;
import org.jboss.logging.Logger;

/** Carries out a plan for a CompactionPolicy, action by action. */
public final class PolicyApplier {

  private static final Logger LOG = Logger.getLogger(PolicyApplier.class);

  private final PolicyTarget target;
  private final Leadership leadership;
  private final ResultListener results;

  /** Hears of results once they are in a policy's status. */
  @FunctionalInterface
  public interface ResultListener {
    /** {@code action} was carried out for {@code policy}. */
    void recorded(CompactionPolicy policy, PolicyAction.WriteStatus action);
  }

  public PolicyApplier(PolicyTarget target, Leadership leadership, ResultListener results) {
    this.target = target;
    this.leadership = leadership;
    this.results = results;
  }

  /** Carries out {@code plan} for {@code policy}; what comes after a failed action is left. */
  public void apply(CompactionPolicy policy, PolicyPlan plan) {
    for (PolicyAction action : plan.actions()) {
      leadership.require();
      perform(policy, action);
    }
  }

  private void perform(CompactionPolicy policy, PolicyAction action) {
    String namespace = policy.getMetadata().getNamespace();
    String name = policy.getMetadata().getName();
    switch (action) {
      case PolicyAction.StartRun(CompactionJob.Run run, String reason) -> {
        boolean made = target.create(CompactionJob.of(policy, run));
        LOG.infof(
            "policy=%s/%s run=%s primary=%s %s reason=\"%s\"",
            namespace, name, run.name(), run.primary(), made ? "started" : "was started", reason);
      }
      case PolicyAction.Tell(var notice, String _) -> {
        LOG.infof("policy=%s/%s %s \"%s\"", namespace, name, notice.reason(), notice.text());
        target.tell(policy, notice);
      }
      case PolicyAction.WriteStatus write -> {
        target.writeStatus(policy, write.status());
        results.recorded(policy, write);
      }
      case PolicyAction.MarkRecorded(String job, String _) -> target.markRecorded(namespace, job);
      case PolicyAction.DeleteJob(String job, String reason) -> {
        LOG.infof("policy=%s/%s deletes job=%s reason=\"%s\"", namespace, name, job, reason);
        target.delete(namespace, job);
      }
    }
  }
}
