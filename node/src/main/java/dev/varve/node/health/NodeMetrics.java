package dev.varve.node.health;

import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.store.KeyspaceStatus;
import dev.varve.store.ReadCacheStatus;
import dev.varve.store.Store;
import dev.varve.store.StoreStatus;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The member's figures as gauges, as they were at the last {@link #refresh}: a scrape never waits
 * for the store. What went away (a keyspace, a replica) goes from the metrics too.
 */
public final class NodeMetrics {
  private static final ReadCacheStatus NO_READ_CACHE = new ReadCacheStatus(0, 0, 0);

  private final Member member;
  private final List<PerKeyspace> perKeyspace = new ArrayList<>();
  private final List<PerReplica> perReplica = new ArrayList<>();
  private volatile MemberStatus status;
  private volatile long clockAheadMs;
  private volatile double writeAmplification;
  private volatile int openFiles;
  private volatile long manifestBytes;
  private volatile int damagedFiles;
  private volatile ReadCacheStatus readCache = NO_READ_CACHE;

  private record PerKeyspace(MultiGauge gauge, ToDoubleFunction<KeyspaceStatus> figure) {}

  private record PerReplica(
      MultiGauge gauge, ToDoubleFunction<MemberStatus.ReplicaProgress> figure) {}

  public NodeMetrics(Member member, MeterRegistry registry) {
    this.member = member;
    this.status = member.status();
    for (MemberRole role : MemberRole.values()) {
      Gauge.builder("varve.role", this, m -> m.status.role() == role ? 1 : 0)
          .description("1 for what the member is to its shard")
          .tag("role", role.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
    gauge(registry, "varve.serving", "Whether it serves as the primary", s -> s.serving() ? 1 : 0);
    gauge(registry, "varve.caught.up", "Whether a replica is level", s -> s.caughtUp() ? 1 : 0);
    gauge(registry, "varve.term", "The highest term it has persisted", MemberStatus::term);
    gauge(
        registry,
        "varve.sequence.last",
        "The last sequence that is durable here",
        MemberStatus::lastSequence);
    gauge(
        registry,
        "varve.sequence.committed",
        "The last sequence known to be committed",
        MemberStatus::committedSequence);
    Gauge.builder("varve.clock.distrusted.seconds", this, m -> m.clockAheadMs / 1000.0)
        .description("By how much the clock is off while nothing expires by its word; 0: believed")
        .register(registry);
    Gauge.builder("varve.write.amplification", this, m -> m.writeAmplification)
        .description("Bytes written to disk by those that users wrote, since the store was opened")
        .register(registry);
    Gauge.builder("varve.open.files", this, m -> m.openFiles)
        .description("Files that the store has open")
        .register(registry);
    Gauge.builder("varve.damaged.files", this, m -> m.damagedFiles)
        .description("Files that are known not to be what was written")
        .register(registry);
    Gauge.builder("varve.manifest.bytes", this, m -> m.manifestBytes)
        .description("Length of the manifest's file, which is rolled when it is long")
        .register(registry);
    Gauge.builder("varve.read.cache.bytes", this, m -> m.readCache.bytes())
        .description("Memory that records which are read often take")
        .baseUnit("bytes")
        .register(registry);
    FunctionCounter.builder("varve.read.cache.hits", this, m -> m.readCache.hits())
        .description("Look-ups of a record that found it in memory")
        .register(registry);
    FunctionCounter.builder("varve.read.cache.misses", this, m -> m.readCache.misses())
        .description("Look-ups of a record that went to its file")
        .register(registry);
    keyspace(
        registry,
        "write.amplification",
        "Bytes written to disk by those that users wrote, since the store was opened",
        k -> k.written().amplification());
    keyspace(
        registry,
        "written.disk.bytes",
        "Bytes written to the keyspace's files since the store was opened",
        k -> k.written().toDisk());
    keyspace(
        registry,
        "written.user.bytes",
        "Key and value bytes committed since the store was opened",
        k -> k.written().byUsers());
    keyspace(registry, "live.keys", "Keys with a value", KeyspaceStatus::liveKeys);
    keyspace(registry, "live.bytes", "Bytes that compaction would keep", KeyspaceStatus::liveBytes);
    keyspace(
        registry,
        "dead.bytes",
        "Bytes that compaction could free",
        k -> k.totalBytes() - k.liveBytes());
    keyspace(
        registry,
        "expired.bytes",
        "The part of the dead bytes whose time to live is over",
        KeyspaceStatus::expiredBytes);
    keyspace(registry, "total.bytes", "Bytes of all live segments", KeyspaceStatus::totalBytes);
    keyspace(registry, "dead.ratio", "1 - live / total", KeyspaceStatus::deadRatio);
    keyspace(registry, "segments", "Live segments", k -> k.segments().size());
    keyspace(
        registry,
        "retired.segments",
        "Compacted away, not deleted yet",
        KeyspaceStatus::retiredSegments);
    keyspace(registry, "index.bytes", "Memory of the keydir", KeyspaceStatus::indexBytes);
    keyspace(
        registry,
        "last.compaction.timestamp.seconds",
        "When a compaction was last committed, seconds since 1970; 0: never",
        k -> k.lastCompactionMs() / 1000.0);
    replica(registry, "lag.seconds", "For how long it has been behind", r -> r.lagMs() / 1000.0);
    replica(
        registry,
        "acknowledged.sequence",
        "The last sequence it made durable",
        MemberStatus.ReplicaProgress::acknowledgedSequence);
    replica(registry, "connected", "Whether it answers", r -> r.connected() ? 1 : 0);
    refresh();
  }

  private void gauge(
      MeterRegistry registry, String name, String text, ToDoubleFunction<MemberStatus> figure) {
    Gauge.builder(name, this, m -> figure.applyAsDouble(m.status))
        .description(text)
        .register(registry);
  }

  private void keyspace(
      MeterRegistry registry, String name, String text, ToDoubleFunction<KeyspaceStatus> figure) {
    MultiGauge gauge =
        MultiGauge.builder("varve.keyspace." + name).description(text).register(registry);
    perKeyspace.add(new PerKeyspace(gauge, figure));
  }

  private void replica(
      MeterRegistry registry,
      String name,
      String text,
      ToDoubleFunction<MemberStatus.ReplicaProgress> figure) {
    MultiGauge gauge =
        MultiGauge.builder("varve.replica." + name).description(text).register(registry);
    perReplica.add(new PerReplica(gauge, figure));
  }

  /** Takes the figures anew; the store is asked for its own, so not on an event loop. */
  public void refresh() {
    MemberStatus now = member.status();
    status = now;
    @Nullable Store store = member.store();
    @Nullable StoreStatus figures = store == null ? null : store.status();
    clockAheadMs = figures == null ? 0 : figures.clockAheadMs();
    writeAmplification = figures == null ? 0 : figures.written().amplification();
    openFiles = figures == null ? 0 : figures.openFiles();
    manifestBytes = figures == null ? 0 : figures.manifestBytes();
    damagedFiles = store == null ? 0 : store.log().damaged().size();
    readCache = figures == null ? NO_READ_CACHE : figures.readCache();
    List<KeyspaceStatus> keyspaces = figures == null ? List.of() : figures.keyspaces();
    for (PerKeyspace figure : perKeyspace) {
      figure
          .gauge()
          .register(
              keyspaces.stream()
                  .map(
                      keyspace ->
                          MultiGauge.Row.of(
                              Tags.of("keyspace", keyspace.name()),
                              figure.figure().applyAsDouble(keyspace)))
                  .toList(),
              true);
    }
    for (PerReplica figure : perReplica) {
      figure
          .gauge()
          .register(
              now.replicas().stream()
                  .map(
                      replica ->
                          MultiGauge.Row.of(
                              Tags.of("replica", replica.member()),
                              figure.figure().applyAsDouble(replica)))
                  .toList(),
              true);
    }
  }
}
