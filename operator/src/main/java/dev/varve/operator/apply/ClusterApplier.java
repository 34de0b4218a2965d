package dev.varve.operator.apply;

import dev.varve.crds.StoreCluster;
import dev.varve.operator.observe.AppliedObjects;
import dev.varve.operator.plan.ClusterAction;
import dev.varve.operator.plan.ClusterPlan;
import dev.varve.operator.resource.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.util.Map;
import org.jboss.logging.Logger;

/** Carries out a plan for a StoreCluster. Each action is one idempotent request. */
public final class ClusterApplier {

  private static final Logger LOG = Logger.getLogger(ClusterApplier.class);
  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(Labels.OPERATOR)
          .withForce(true)
          .build();
  private static final PatchContext MERGE =
      new PatchContext.Builder()
          .withPatchType(PatchType.JSON_MERGE)
          .withFieldManager(Labels.OPERATOR)
          .build();
  private static final int UNPROCESSABLE = 422;

  private final KubernetesClient client;
  private final AppliedObjects applied;
  private final Leadership leadership;

  public ClusterApplier(KubernetesClient client, AppliedObjects applied, Leadership leadership) {
    this.client = client;
    this.applied = applied;
    this.leadership = leadership;
  }

  /** Carries out {@code plan} for {@code cluster}; what comes after a failed action is left. */
  public void apply(StoreCluster cluster, ClusterPlan plan) {
    for (ClusterAction action : plan.actions()) {
      leadership.require();
      if (!(action instanceof ClusterAction.WriteStatus)) {
        LOG.infof(
            "cluster=%s/%s action=%s reason=\"%s\"",
            cluster.getMetadata().getNamespace(),
            cluster.getMetadata().getName(),
            action.getClass().getSimpleName(),
            action.reason());
      }
      perform(cluster, action);
    }
  }

  private void perform(StoreCluster cluster, ClusterAction action) {
    String namespace = cluster.getMetadata().getNamespace();
    switch (action) {
      case ClusterAction.Apply(HasMetadata object, String _) ->
          applied.applied(object, client.resource(object).patch(APPLY));
      case ClusterAction.CreateLease create -> createLease(create);
      case ClusterAction.RecordBootstrap(String uid, String _) ->
          client
              .resources(StoreCluster.class)
              .inNamespace(namespace)
              .withName(cluster.getMetadata().getName())
              .patch(MERGE, MergePatch.annotations(Map.of(Labels.BOOTSTRAPPED, uid)));
      case ClusterAction.GrowVolume grow -> growVolume(namespace, grow);
      case ClusterAction.WriteStatus(var status, String _) -> {
        var written = new StoreCluster();
        written.getMetadata().setNamespace(namespace);
        written.getMetadata().setName(cluster.getMetadata().getName());
        written.setStatus(status);
        client.resource(written).subresource("status").patch(APPLY);
      }
    }
  }

  private void createLease(ClusterAction.CreateLease create) {
    try {
      client.resource(create.lease()).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      LOG.infof("the Lease %s exists by now", create.lease().getMetadata().getName());
    }
  }

  /** A refused growth stops nothing else: it is told in the status and tried again. */
  private void growVolume(String namespace, ClusterAction.GrowVolume grow) {
    try {
      client
          .persistentVolumeClaims()
          .inNamespace(namespace)
          .withName(grow.claim())
          .patch(
              MERGE,
              "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"" + grow.size() + "\"}}}}");
      applied.accepted(namespace, grow.claim());
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_FORBIDDEN && e.getCode() != UNPROCESSABLE) {
        throw e;
      }
      String message = e.getStatus() == null ? e.getMessage() : e.getStatus().getMessage();
      applied.refused(namespace, grow.claim(), message == null ? "refused" : message);
      LOG.warnf("volume claim %s/%s cannot grow: %s", namespace, grow.claim(), message);
    }
  }
}
