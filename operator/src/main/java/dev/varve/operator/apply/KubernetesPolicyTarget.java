package dev.varve.operator.apply;

import dev.varve.crds.CompactionPolicy;
import dev.varve.crds.CompactionPolicyStatus;
import dev.varve.crds.StoreCluster;
import dev.varve.operator.plan.Notice;
import dev.varve.operator.resource.Labels;
import dev.varve.operator.resource.Notices;
import dev.varve.operator.schedule.RunName;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.util.Map;
import org.jboss.logging.Logger;

/** {@link PolicyTarget} on a real API server. */
public final class KubernetesPolicyTarget implements PolicyTarget {

  private static final Logger LOG = Logger.getLogger(KubernetesPolicyTarget.class);
  private static final PatchContext MERGE =
      new PatchContext.Builder()
          .withPatchType(PatchType.JSON_MERGE)
          .withFieldManager(Labels.OPERATOR)
          .build();

  private final KubernetesClient client;
  private final Clock clock;
  private final String instance;

  /**
   * Creates the target.
   *
   * @param instance names this operator's process in Kubernetes Events
   */
  public KubernetesPolicyTarget(KubernetesClient client, Clock clock, String instance) {
    this.client = client;
    this.clock = clock;
    this.instance = instance;
  }

  @Override
  public boolean create(Job job) {
    try {
      client.resource(job).create();
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      throw e;
    }
  }

  @Override
  public void writeStatus(CompactionPolicy observed, CompactionPolicyStatus status) {
    var written = new CompactionPolicy();
    written.setMetadata(observed.getMetadata());
    written.setSpec(observed.getSpec());
    written.setStatus(status);
    try {
      // With the observed resourceVersion, so that a status planned from old news is refused.
      client.resource(written).updateStatus();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        throw new ChangedMeanwhileException(
            "the policy " + observed.getMetadata().getName() + " was changed meanwhile", e);
      }
      throw e;
    }
  }

  @Override
  public void markRecorded(String namespace, String job) {
    try {
      client
          .batch()
          .v1()
          .jobs()
          .inNamespace(namespace)
          .withName(job)
          .patch(MERGE, MergePatch.annotations(Map.of(Labels.RECORDED, "true")));
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
        throw e;
      }
    }
  }

  @Override
  public void delete(String namespace, String job) {
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withName(job)
        .withPropagationPolicy(DeletionPropagation.BACKGROUND)
        .delete();
  }

  @Override
  public void tell(CompactionPolicy policy, Notice notice) {
    String namespace = policy.getMetadata().getNamespace();
    tell(
        Notices.about(
            policy.getApiVersion(),
            policy.getKind(),
            namespace,
            policy.getMetadata().getName(),
            policy.getMetadata().getUid()),
        notice);
    notice
        .cluster()
        .ifPresent(
            cluster ->
                tell(
                    Notices.about(
                        StoreCluster.API_VERSION,
                        "StoreCluster",
                        namespace,
                        cluster.name(),
                        cluster.uid()),
                    notice));
  }

  /** A notice that cannot be told holds up nothing: the status says the same. */
  private void tell(ObjectReference about, Notice notice) {
    String name =
        about.getName()
            + "."
            + RunName.hash(about.getUid() + "\n" + notice.reason() + "\n" + notice.key());
    try {
      client
          .resource(
              Notices.event(
                  about,
                  name,
                  notice.reason().name(),
                  notice.reason().warning(),
                  notice.action(),
                  notice.text(),
                  instance,
                  clock.instant()))
          .create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        LOG.warnf("cannot tell %s about %s: %s", notice.reason(), about.getName(), e.getMessage());
      }
    }
  }
}
