package dev.varve.node.settings;

import dev.varve.store.KeyspaceOptions;
import dev.varve.store.manifest.Layout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How this node runs.
 *
 * @param member its name, unique in the cluster
 * @param cluster the cluster it belongs to
 * @param shard which of the cluster's shards it holds
 * @param shards how many shards the cluster has
 * @param mode how it takes part in the shard
 * @param dataDir the directory of its files, created if absent
 * @param keyspaces that shall exist
 * @param host the address that gRPC listens on
 * @param port the port that gRPC listens on; 0: any free one
 * @param advertise what clients are told to reach this node at, host:port; null: worked out from
 *     the peers, the host and the port
 * @param managed whether an operator schedules compaction, so that the node does not
 * @param compaction the node's own compaction, and the defaults of requested ones
 * @param checkpointInterval between two checkpoints on the primary
 * @param retentionInterval between two decisions on what the keyspaces' limits hide
 * @param layout how records lie in the directory; null: as it was made, segmented if it is new
 * @param memoryBytesMax the most memory of a store in memory
 * @param capacityBytes of segments, beyond which a primary refuses what adds values; 0: as many as
 *     the disk has
 * @param ballastBytes of the file that is given up when a compaction meets a full disk; 0: none
 * @param openFilesMax files that the store has open at a time
 * @param segmentsMax segments that a keyspace may have; with as many, a primary refuses what would
 *     begin another one
 * @param readCacheBytes of the heap for records that are read often; 0: none
 * @param tls certificates and roles; null: plain text, and every caller may do everything
 */
public record NodeSettings(
    String member,
    String cluster,
    int shard,
    int shards,
    Mode mode,
    Path dataDir,
    List<KeyspaceOptions> keyspaces,
    String host,
    int port,
    @Nullable String advertise,
    boolean managed,
    CompactionSettings compaction,
    Duration checkpointInterval,
    Duration retentionInterval,
    @Nullable Layout layout,
    long memoryBytesMax,
    long capacityBytes,
    long ballastBytes,
    int openFilesMax,
    int segmentsMax,
    long readCacheBytes,
    @Nullable TlsSettings tls) {

  public NodeSettings {
    keyspaces = List.copyOf(keyspaces);
  }

  /** The mode as a person would say it. */
  public String describeMode() {
    return switch (mode) {
      case Standalone() -> "alone";
      case Follower(String primary) -> "following " + primary;
      case Replicated(Map<String, String> peers, KubernetesLease lease) ->
          "with " + new TreeSet<>(peers.keySet()) + " under Lease " + lease.name();
      case Replicated(Map<String, String> peers, LeaseFile lease) ->
          "with " + new TreeSet<>(peers.keySet()) + " under lease file " + lease.path();
    };
  }

  /** The members that are known from the start, name to address; empty unless replicated. */
  public Map<String, String> peers() {
    return mode instanceof Replicated replicated ? replicated.peers() : Map.of();
  }

  /**
   * What clients reach this node at, host:port.
   *
   * @param boundPort the port it got, if any free one was asked for
   */
  public String addressAt(int boundPort) {
    if (advertise != null) {
      return advertise;
    }
    String peer = peers().get(member);
    if (peer != null) {
      return peer;
    }
    return (host.equals("0.0.0.0") || host.equals("::") ? "127.0.0.1" : host) + ":" + boundPort;
  }

  /** How a node takes part in its shard. */
  public sealed interface Mode {}

  /** Alone: its own disk is the quorum. */
  public record Standalone() implements Mode {}

  /**
   * One of several voting members.
   *
   * @param peers member name to address, this one included
   */
  public record Replicated(Map<String, String> peers, LeasePlace lease) implements Mode {
    public Replicated {
      peers = Map.copyOf(peers);
    }
  }

  /** Copies what a primary has, without a vote. */
  public record Follower(String primaryAddress) implements Mode {}

  /** Where the shard's Lease is. */
  public sealed interface LeasePlace {}

  /** A Lease object of the API server that this process can reach. */
  public record KubernetesLease(String namespace, String name) implements LeasePlace {}

  /**
   * A file that processes on one machine share.
   *
   * @param bootstrap the members that may start the empty shard; used by whoever creates the file
   */
  public record LeaseFile(Path path, List<String> bootstrap) implements LeasePlace {
    public LeaseFile {
      bootstrap = List.copyOf(bootstrap);
    }
  }
}
