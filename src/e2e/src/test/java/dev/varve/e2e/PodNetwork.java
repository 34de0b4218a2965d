package dev.varve.e2e;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a pod's network lets through, by rules in the pod's own namespace. Calls from outside the
 * cluster, which come over the node, and the kubelet's probes are never held up: so who is cut off
 * from the other members can still be asked.
 */
final class PodNetwork {
  private final Cluster cluster;
  private final String containerId;

  /**
   * @param containerId of a container of the pod that runs
   */
  PodNetwork(Cluster cluster, String containerId) {
    this.cluster = cluster;
    this.containerId = containerId;
  }

  /** Nothing more gets out to these addresses. */
  void dropTo(List<String> addresses) {
    drop("OUTPUT -d", addresses);
  }

  /** Nothing more gets in from these addresses. */
  void dropFrom(List<String> addresses) {
    drop("INPUT -s", addresses);
  }

  private void drop(String where, List<String> addresses) {
    inside(
        addresses.stream().map(address -> "iptables -w -A " + where + " " + address + " -j DROP"));
  }

  /** Nothing gets in or out, the API server and the cluster's DNS included. */
  void dropAll() {
    inside(
        List.of(
            "gateway=$(ip -4 route show default | awk '{ print $3 }')",
            "test -n \"$gateway\"",
            "iptables -w -A INPUT -i lo -j ACCEPT",
            "iptables -w -A OUTPUT -o lo -j ACCEPT",
            "iptables -w -A INPUT -s $gateway -j ACCEPT",
            "iptables -w -A OUTPUT -d $gateway -j ACCEPT",
            "iptables -w -A INPUT -j DROP",
            "iptables -w -A OUTPUT -j DROP")
            .stream());
  }

  /** All gets through again. */
  void heal() {
    inside(List.of("iptables -w -F INPUT", "iptables -w -F OUTPUT").stream());
  }

  private void inside(Stream<String> commands) {
    List<String> script = new ArrayList<>();
    script.add("set -e");
    commands.forEach(script::add);
    cluster
        .onNode(
            List.of(
                "nsenter",
                "--net=/proc/" + processId() + "/ns/net",
                "sh",
                "-c",
                String.join("\n", script)))
        .orFail();
  }

  private String processId() {
    return cluster
        .onNode(List.of("ctr", "-n", "k8s.io", "tasks", "ls"))
        .orFail()
        .lines()
        .map(line -> line.trim().split("\\s+"))
        .filter(columns -> columns[0].equals(containerId))
        .map(columns -> columns[1])
        .findFirst()
        .orElseThrow(() -> new AssertionError(containerId + " does not run"));
  }
}
