package dev.varve.operator.resource;

import dev.varve.crds.StoreCluster;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;

/** Who members are to the API server, and the one thing they may do: renew their shard's Lease. */
public final class MemberAccount {

  private MemberAccount() {}

  /** The account; its token reaches only pods that ask for it. */
  public static ServiceAccount account(StoreCluster owner, ShardNames names) {
    return new ServiceAccountBuilder()
        .withNewMetadata()
        .withNamespace(names.namespace())
        .withName(names.cluster())
        .withLabels(Labels.ofCluster(names.cluster()))
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .withAutomountServiceAccountToken(false)
        .build();
  }

  /** Get, update and patch of the shard's Lease, and of nothing else. */
  public static Role role(StoreCluster owner, ShardNames names) {
    return new RoleBuilder()
        .withNewMetadata()
        .withNamespace(names.namespace())
        .withName(names.cluster())
        .withLabels(Labels.ofCluster(names.cluster()))
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .addNewRule()
        .withApiGroups("coordination.k8s.io")
        .withResources("leases")
        .withResourceNames(names.shard())
        .withVerbs("get", "update", "patch")
        .endRule()
        .build();
  }

  /** Gives the role to the account. */
  public static RoleBinding binding(StoreCluster owner, ShardNames names) {
    return new RoleBindingBuilder()
        .withNewMetadata()
        .withNamespace(names.namespace())
        .withName(names.cluster())
        .withLabels(Labels.ofCluster(names.cluster()))
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .withNewRoleRef("rbac.authorization.k8s.io", "Role", names.cluster())
        .addNewSubject()
        .withKind("ServiceAccount")
        .withName(names.cluster())
        .withNamespace(names.namespace())
        .endSubject()
        .build();
  }
}
