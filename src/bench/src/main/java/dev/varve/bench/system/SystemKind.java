package dev.varve.bench.system;

import java.io.IOException;
import java.nio.file.Path;

/** The systems that are compared, and how each is set up. */
public enum SystemKind {
  /** This project's. */
  VARVE(
      "Varve",
      "three members, each a process of the packaged node with node/jvm.options and a heap of at"
          + " most 512 MiB, Lease in a file; a write is synced by a majority before it is answered;"
          + " gets are linearizable, from the primary; streamed: KeyValue.WriteStream, one put a"
          + " batch, 16 unanswered a client; compaction: Admin.Compact, forced, at the rate that"
          + " adapts to foreground latency") {
    @Override
    public ReplicatedSystem start(Processes processes, Path directory, Programs programs)
        throws IOException {
      return VarveSystem.start(processes, directory, programs);
    }
  },
  /** The store of Kubernetes. */
  ETCD(
      "etcd",
      "three members with the usual settings but a quota of 8 GiB; a write is synced by a majority"
          + " before it is answered; clients are connected to the leader; gets are linearizable"
          + " (serializable not set); it has no streamed put, so streamed rows show its unary puts;"
          + " compaction: Compact of all old revisions, physical, then Defragment of one member"
          + " after the other, the leader last") {
    @Override
    public ReplicatedSystem start(Processes processes, Path directory, Programs programs)
        throws IOException {
      return EtcdSystem.start(processes, directory, programs);
    }
  },
  /** The cache that many take for a store. */
  REDIS(
      "Redis",
      "a primary and one replica, both appendonly yes, appendfsync always, no snapshots, rewrites"
          + " only when asked for; each put is SET and WAIT 1 in one round trip. The durability is"
          + " less: WAIT tells that the replica has received the write, not that it has synced it."
          + " Gets come from the primary, which does not ask whether it still is one; streamed: 16"
          + " SETs and one WAIT 1 a pipeline; compaction: BGREWRITEAOF of the primary, then of the"
          + " replica") {
    @Override
    public ReplicatedSystem start(Processes processes, Path directory, Programs programs)
        throws IOException {
      return RedisSystem.start(processes, directory, programs);
    }
  };

  private final String label;
  private final String configuration;

  SystemKind(String label, String configuration) {
    this.label = label;
    this.configuration = configuration;
  }

  /** Its name for people. */
  public String label() {
    return label;
  }

  /** How it is set up and what its puts promise, for the report. */
  public String configuration() {
    return configuration;
  }

  /**
   * Starts it empty, and returns when it takes writes and all its members take part.
   *
   * @param directory where its files go; decides which disk is measured
   * @throws IOException with the end of a member's output when it does not come up within a minute
   */
  public abstract ReplicatedSystem start(Processes processes, Path directory, Programs programs)
      throws IOException;
}
