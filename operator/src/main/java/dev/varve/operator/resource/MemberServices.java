package dev.varve.operator.resource;

import dev.varve.crds.StoreCluster;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;

/** The two Services of a cluster. */
public final class MemberServices {

  private MemberServices() {}

  /** Names each member for the others, ready or not: they must meet before any can be ready. */
  public static Service headless(StoreCluster owner, ShardNames names) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withNamespace(names.namespace())
        .withName(names.membersService())
        .withLabels(Labels.ofCluster(names.cluster()))
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .withNewSpec()
        .withType("ClusterIP")
        .withClusterIP("None")
        .withPublishNotReadyAddresses(true)
        .withSelector(Labels.ofCluster(names.cluster()))
        .withPorts(port("grpc", ShardNames.GRPC_PORT))
        .endSpec()
        .build();
  }

  /** What clients connect to: the members that serve. */
  public static Service client(StoreCluster owner, ShardNames names) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withNamespace(names.namespace())
        .withName(names.cluster())
        .withLabels(Labels.ofCluster(names.cluster()))
        .withOwnerReferences(Owner.of(owner))
        .endMetadata()
        .withNewSpec()
        .withType("ClusterIP")
        .withSelector(Labels.ofCluster(names.cluster()))
        .withPorts(port("grpc", ShardNames.GRPC_PORT), port("http", ShardNames.HTTP_PORT))
        .endSpec()
        .build();
  }

  private static ServicePort port(String name, int number) {
    return new ServicePortBuilder()
        .withName(name)
        .withPort(number)
        .withProtocol("TCP")
        .withTargetPort(new IntOrString(name))
        .build();
  }
}
