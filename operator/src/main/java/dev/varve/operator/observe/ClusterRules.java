package dev.varve.operator.observe;

import dev.varve.crds.Resources;
import dev.varve.crds.StoreCluster;
import dev.varve.crds.StoreClusterSpec;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A StoreCluster's spec, read: with every default filled in that the API server would have filled
 * in.
 *
 * @param image the image asked for, or the operator's own
 */
public record ClusterRules(
    int replicas,
    String image,
    Quantity size,
    Optional<String> storageClass,
    StoreClusterSpec.Retention retention,
    List<StoreClusterSpec.Keyspace> keyspaces,
    Resources resources) {

  private static final Quantity DEFAULT_SIZE = new Quantity("10Gi");
  private static final Quantity DEFAULT_SEGMENT_SIZE = new Quantity("64Mi");
  private static final List<StoreClusterSpec.Keyspace> DEFAULT_KEYSPACES =
      List.of(
          new StoreClusterSpec.Keyspace("main", DEFAULT_SEGMENT_SIZE),
          new StoreClusterSpec.Keyspace("objects", new Quantity("256Mi")));
  private static final Resources DEFAULT_RESOURCES =
      new Resources(
          Map.of("cpu", new Quantity("250m"), "memory", new Quantity("512Mi")),
          Map.of("memory", new Quantity("512Mi")));

  /** The one shard there is until {@code spec.shards} is in effect. */
  public static final int SHARDS = 1;

  /** Reads the spec of {@code cluster}. */
  public static ClusterRules of(StoreCluster cluster, String defaultImage) {
    StoreClusterSpec spec = cluster.getSpec();
    StoreClusterSpec.Storage storage =
        Objects.requireNonNullElse(spec.storage(), new StoreClusterSpec.Storage(null, null, null));
    List<StoreClusterSpec.Keyspace> keyspaces =
        Objects.requireNonNullElse(spec.keyspaces(), DEFAULT_KEYSPACES);
    return new ClusterRules(
        spec.replicas(),
        Objects.requireNonNullElse(spec.image(), defaultImage),
        Objects.requireNonNullElse(storage.size(), DEFAULT_SIZE),
        Optional.ofNullable(storage.storageClassName()),
        Objects.requireNonNullElse(storage.retention(), StoreClusterSpec.Retention.Retain),
        keyspaces.stream()
            .map(
                keyspace ->
                    new StoreClusterSpec.Keyspace(
                        keyspace.name(),
                        Objects.requireNonNullElse(keyspace.segmentSize(), DEFAULT_SEGMENT_SIZE)))
            .toList(),
        Objects.requireNonNullElse(spec.resources(), DEFAULT_RESOURCES));
  }
}
