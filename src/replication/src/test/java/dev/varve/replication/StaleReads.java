package dev.varve.replication;

import dev.varve.store.Store;
import dev.varve.store.Versioned;
import dev.varve.store.WriteBatch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Writes one key over and over, and reads it on any member together with how stale the member says
 * it is, in the middle of all trouble, in a quarter of the seeds: what was acknowledged before that
 * must be there. It draws from a stream of its own.
 */
final class StaleReads {
  /** Machines' clocks run slow by at most this. */
  private static final double CLOCK_RATE_MIN = 0.97;

  private static final long STREAM = 0x2545F4914F6CDD1DL;
  private static final byte[] KEY = "stale".getBytes(StandardCharsets.UTF_8);

  private final SimulatedCluster cluster;
  private final SplittableRandom random;
  private final boolean active;
  private final TreeMap<Long, Long> acknowledgedAt = new TreeMap<>();
  private int within100Ms;
  private int behind;
  private boolean over;

  StaleReads(SimulatedCluster cluster, long seed) {
    this.cluster = cluster;
    this.random = new SplittableRandom(seed ^ STREAM);
    this.active = random.nextInt(4) == 0;
  }

  void start() {
    if (active) {
      write();
      read();
    }
  }

  void stop() {
    over = true;
  }

  /** How many answers said that they miss nothing acknowledged over 100 ms before. */
  int within100Ms() {
    return within100Ms;
  }

  /** How many answers did miss something that was acknowledged. */
  int behind() {
    return behind;
  }

  private void write() {
    cluster.simulation.after(
        Duration.ofMillis(random.nextLong(1, 60)),
        () -> {
          if (over) {
            return;
          }
          write();
          ReplicatedMember primary = cluster.servingPrimary();
          if (primary != null) {
            WriteBatch batch = new WriteBatch().put(SimulatedCluster.KEYSPACE, KEY, new byte[8]);
            CompletableFuture<Written> _ =
                primary.write(batch).whenComplete((written, failure) -> acknowledged(written));
          }
        });
  }

  private void acknowledged(@Nullable Written written) {
    if (written != null) {
      acknowledgedAt.put(written.sequence(), cluster.simulation.nowNanos());
    }
  }

  private void read() {
    cluster.simulation.after(
        Duration.ofMillis(random.nextLong(1, 20)),
        () -> {
          if (over) {
            return;
          }
          read();
          String name = cluster.names.get(random.nextInt(cluster.names.size()));
          ReplicatedMember member = cluster.node(name).member;
          if (member != null) {
            check(name, member);
            if (random.nextInt(4) == 0) {
              member.askHowStale();
            }
          }
        });
  }

  private void check(String name, ReplicatedMember member) {
    long staleMs = member.staleMs();
    Store store = member.store();
    if (staleMs == Long.MAX_VALUE || store == null) {
      return;
    }
    long seen;
    try {
      Versioned found = store.get(SimulatedCluster.KEYSPACE, KEY);
      seen = found == null ? 0 : found.sequence();
    } catch (IOException e) {
      return; // it is being closed
    }
    long missed =
        cluster.simulation.nowNanos()
            - (long) (Duration.ofMillis(staleMs).toNanos() / CLOCK_RATE_MIN);
    for (Map.Entry<Long, Long> write : acknowledgedAt.tailMap(seen, false).entrySet()) {
      behind++;
      if (write.getValue() < missed) {
        throw new AssertionError(
            "%s says that it misses at most %d ms, but has sequence %d and not %d, acknowledged %d ms ago"
                .formatted(
                    name,
                    staleMs,
                    seen,
                    write.getKey(),
                    (cluster.simulation.nowNanos() - write.getValue()) / 1_000_000));
      }
    }
    within100Ms += staleMs <= 100 ? 1 : 0;
  }
}
