package dev.varve.e2e;

import java.util.ArrayList;
import java.util.List;

/** Does to the members of a store what can happen to them, from their node, and ends it again. */
final class MemberFaults {
  private final Cluster cluster;
  private final Store store;
  private final List<String> addresses = new ArrayList<>();
  private final List<String> volumes = new ArrayList<>();

  MemberFaults(Cluster cluster, Store store, SmallVolumes small) {
    this.cluster = cluster;
    this.store = store;
    for (String pod : Store.members()) {
      addresses.add(cluster.get(store.namespace(), "pod", pod).at("/status/podIP").asText());
      volumes.add(small.pathOf(store.namespace(), pod));
    }
  }

  /** A fault that goes on. Ended exactly once, it leaves nothing behind. */
  interface Ongoing {
    void end();
  }

  Ongoing kill(int member) {
    signal(member, "SIGKILL");
    return () -> {}; // the kubelet ends it
  }

  Ongoing freeze(int member) {
    String container = container(member);
    store.signal(container, "SIGSTOP");
    return () -> store.signal(container, "SIGCONT");
  }

  Ongoing cutOff(int member) {
    PodNetwork network = network(member);
    network.dropAll();
    return network::heal;
  }

  Ongoing cutOutwards(int member) {
    PodNetwork network = network(member);
    network.dropTo(othersThan(member));
    return network::heal;
  }

  Ongoing cutInwards(int member) {
    PodNetwork network = network(member);
    network.dropFrom(othersThan(member));
    return network::heal;
  }

  Ongoing cutLink(int member, int other) {
    PodNetwork network = network(member);
    List<String> address = List.of(addresses.get(other));
    network.dropTo(address);
    network.dropFrom(address);
    return network::heal;
  }

  Ongoing fillDisk(int member) {
    SmallVolumes.fill(cluster, volumes.get(member));
    return () -> SmallVolumes.free(cluster, volumes.get(member));
  }

  private void signal(int member, String signal) {
    store.signal(container(member), signal);
  }

  private PodNetwork network(int member) {
    return new PodNetwork(cluster, container(member));
  }

  private String container(int member) {
    return store.containerId(Store.members().get(member));
  }

  private List<String> othersThan(int member) {
    List<String> others = new ArrayList<>(addresses);
    others.remove(member);
    return others;
  }
}
