package dev.varve.e2e;

import java.util.List;

/** Volumes that have a size: the default provisioner's are folders of one large disk. */
final class SmallVolumes {
  private final Cluster cluster;
  private final String storageClass;
  private final int count;

  private SmallVolumes(Cluster cluster, String storageClass, int count) {
    this.cluster = cluster;
    this.storageClass = storageClass;
    this.count = count;
  }

  /**
   * Makes as many volumes of a storage class of their own.
   *
   * @param mib of each, in MiB; they are memory
   */
  static SmallVolumes create(Cluster cluster, String storageClass, int count, int mib) {
    SmallVolumes volumes = new SmallVolumes(cluster, storageClass, count);
    for (int i = 0; i < count; i++) {
      volumes.create(i, mib);
    }
    return volumes;
  }

  private void create(int index, int mib) {
    String path = path(index);
    cluster
        .onNode(
            List.of(
                "sh",
                "-c",
                "mkdir -p %s && mount -t tmpfs -o size=%dm,mode=0777 tmpfs %s"
                    .formatted(path, mib, path)))
        .orFail();
    cluster
        .apply(
            "default",
            """
            apiVersion: storage.k8s.io/v1
            kind: StorageClass
            metadata: {name: %s}
            provisioner: kubernetes.io/no-provisioner
            ---
            apiVersion: v1
            kind: PersistentVolume
            metadata: {name: %s-%d}
            spec:
              capacity: {storage: %dMi}
              accessModes: [ReadWriteOnce]
              storageClassName: %s
              hostPath: {path: %s}
            """
                .formatted(storageClass, storageClass, index, mib, storageClass, path))
        .orFail();
  }

  private String path(int index) {
    return "/mnt/%s-%d".formatted(storageClass, index);
  }

  /** Where on the node the volume of a store's member is. */
  String pathOf(String namespace, String pod) {
    String name = cluster.get(namespace, "pvc", "data-" + pod).at("/spec/volumeName").asText();
    return cluster.get("", "pv", name).at("/spec/hostPath/path").asText();
  }

  /** Takes all room that the volume has, and the ballast that a member keeps for compactions. */
  static void fill(Cluster cluster, String path) {
    cluster
        .onNode(
            List.of(
                "sh",
                "-c",
                ("find %s -name _ballast -delete; dd if=/dev/zero of=%s/filler bs=4k;"
                        + " test $(df -k %s | awk 'END { print $4 }') -lt 4")
                    .formatted(path, path, path)))
        .orFail();
  }

  /** Gives the room back that {@link #fill} took. */
  static void free(Cluster cluster, String path) {
    cluster.onNode(List.of("rm", path + "/filler")).orFail();
  }

  /** Gone are the volumes and what is on them; nothing uses them any more. */
  void delete() {
    for (int i = 0; i < count; i++) {
      cluster.kubectl("delete", "pv", storageClass + "-" + i, "--ignore-not-found").orFail();
      cluster.onNode(List.of("umount", path(i))).orFail();
    }
  }
}
