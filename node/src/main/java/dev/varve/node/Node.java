package dev.varve.node;

import dev.varve.node.compaction.CheckpointSchedule;
import dev.varve.node.compaction.CompactionMetrics;
import dev.varve.node.compaction.CompactionRuns;
import dev.varve.node.compaction.OwnCompaction;
import dev.varve.node.compaction.RetentionSchedule;
import dev.varve.node.health.NodeMetrics;
import dev.varve.node.peer.ReplicationService;
import dev.varve.node.rpc.AdminService;
import dev.varve.node.rpc.CallGate;
import dev.varve.node.rpc.DataMetrics;
import dev.varve.node.rpc.ForegroundOperations;
import dev.varve.node.rpc.KeyValueService;
import dev.varve.node.rpc.ReaderPool;
import dev.varve.node.rpc.RpcServer;
import dev.varve.node.rpc.StatusMessages;
import dev.varve.node.rpc.StreamsService;
import dev.varve.node.settings.NodeSettings;
import dev.varve.node.tls.NodeTls;
import dev.varve.replication.HandOverRefusedException;
import dev.varve.replication.HandedOver;
import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.replication.NotPrimaryException;
import dev.varve.store.Store;
import dev.varve.store.compaction.CompactionPlan;
import dev.varve.store.manifest.Layout;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A running node: a member, the gRPC server in front of it, and what goes on by itself. Several may
 * run in one process.
 */
public final class Node implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(Node.class);

  /** For how long calls under way may go on after the node was told to stop. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  /** For how long a primary that stops waits for another to lead: calls go on meanwhile. */
  private static final Duration HAND_OVER = Duration.ofSeconds(5);

  private static final Duration READY_CHECK = Duration.ofMillis(50);
  private static final Duration REFRESH = Duration.ofSeconds(2);

  private final MemberProcess process;
  private final CompactionRuns runs;
  private final OwnCompaction ownCompaction;
  private final RetentionSchedule retention;
  private final ReaderPool readers;
  private final ScheduledExecutorService timer = thread("timer");
  private final ScheduledExecutorService upkeep = thread("upkeep");
  private final RpcServer server;
  private final AtomicReference<String> address = new AtomicReference<>("");
  private final AtomicBoolean closed = new AtomicBoolean();
  private final CompletableFuture<String> ready = new CompletableFuture<>();

  private Node(
      NodeSettings settings,
      @Nullable NodeTls tls,
      MemberProcess process,
      MeterRegistry registry,
      String version,
      ForegroundOperations foreground,
      LongSupplier nanoTime)
      throws IOException {
    this.process = process;
    Member member = process.member();
    CallGate gate = new CallGate();
    readers = new ReaderPool(2 * Runtime.getRuntime().availableProcessors());
    runs = new CompactionRuns(member, new CompactionMetrics(registry, foreground.writes()));
    ownCompaction =
        new OwnCompaction(member, settings.compaction(), runs, System::currentTimeMillis);
    retention = new RetentionSchedule(member, registry);
    DataMetrics data = new DataMetrics(registry, foreground, nanoTime);
    server =
        RpcServer.start(
            settings.host(),
            settings.port(),
            gate,
            tls,
            List.of(
                new KeyValueService(
                    member, settings.shard(), settings.shards(), readers, timer, gate, data),
                new StreamsService(
                    member, settings.shard(), settings.shards(), readers, timer, gate, data),
                new AdminService(
                    member,
                    new StatusMessages(
                        settings.shard(),
                        settings.shards(),
                        address::get,
                        settings.peers(),
                        version),
                    settings.compaction(),
                    runs,
                    gate),
                new ReplicationService(settings.member(), member)));
    address.set(settings.addressAt(server.port()));
  }

  /**
   * Opens the member and serves. On return peers and probes are answered; {@link #whenReady} tells
   * when clients are.
   *
   * @param registry where the node's metrics go
   * @param version the software's, as Status tells it
   * @throws IOException if the directory or the port can't be used; nothing is left running then
   * @throws dev.varve.node.settings.SettingsException if a TLS file can't be used
   */
  public static Node start(NodeSettings settings, MeterRegistry registry, String version)
      throws IOException {
    return start(settings, registry, version, System::nanoTime);
  }

  /**
   * The same.
   *
   * @param nanoTime the monotonic clock that operations are timed by
   */
  static Node start(
      NodeSettings settings, MeterRegistry registry, String version, LongSupplier nanoTime)
      throws IOException {
    LOG.infof(
        "varve %s: member %s of %s shard %d, %s; directory %s, keyspaces %s; TLS is %s",
        version,
        settings.member(),
        settings.cluster(),
        settings.shard(),
        settings.describeMode(),
        settings.dataDir(),
        settings.keyspaces().stream().map(k -> k.name() + ":" + k.segmentBytes()).toList(),
        settings.tls() == null ? "off: every caller may do everything" : "on");
    @Nullable NodeTls tls = NodeTls.load(settings.tls(), registry);
    ForegroundOperations foreground = ForegroundOperations.since(nanoTime);
    MemberProcess process =
        MemberProcess.start(settings, foreground, tls == null ? null : tls.client());
    Node node;
    try {
      node = new Node(settings, tls, process, registry, version, foreground, nanoTime);
    } catch (IOException | RuntimeException e) {
      process.close();
      throw e;
    }
    node.begin(settings, registry);
    if (tls != null && settings.tls() != null) {
      node.every(settings.tls().reloadInterval(), tls::look);
    }
    return node;
  }

  private void begin(NodeSettings settings, MeterRegistry registry) {
    NodeMetrics metrics = new NodeMetrics(process.member(), registry);
    every(REFRESH, metrics::refresh);
    every(READY_CHECK, this::checkReady);
    CheckpointSchedule.start(process.member(), settings.checkpointInterval(), upkeep);
    if (settings.keyspaces().stream().anyMatch(k -> k.retention().any())) {
      retention.start(settings.retentionInterval());
    }
    if (settings.layout() == Layout.MEMORY) {
      LOG.infof(
          "not compacting by itself: %s: a store in memory frees dead segments as they come about",
          CompactionPlan.MEMORY_LAYOUT);
    } else if (settings.compaction().enabled() && !settings.managed()) {
      ownCompaction.start();
    }
  }

  private void every(Duration interval, Runnable task) {
    var _ =
        upkeep.scheduleWithFixedDelay(
            () -> {
              try {
                task.run();
              } catch (RuntimeException e) {
                // Thrown on, it would be the task's last run.
                LOG.error("upkeep failed", e);
              }
            },
            0,
            interval.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void checkReady() {
    boolean now = isReady();
    server.serving(now);
    if (now && !ready.isDone()) {
      ready.complete(address());
    }
  }

  /** The address that clients are told, host:port. */
  public String address() {
    return address.get();
  }

  /** Completes with {@link #address} when the node is ready for the first time. */
  public CompletableFuture<String> whenReady() {
    return ready.copy();
  }

  /** Serves as the primary, or is a replica that is caught up. */
  public boolean isReady() {
    MemberStatus status = process.member().status();
    return process.member().store() != null
        && (status.role() == MemberRole.PRIMARY ? status.serving() : status.caughtUp());
  }

  /** The member's thread works and its store can still write; otherwise only a restart helps. */
  public boolean isAlive() {
    @Nullable Store store = process.member().store();
    return process.isResponsive()
        && process.member().status().damage() == null
        && (store == null || !store.log().state().poisoned());
  }

  /** One line for people: what the member is doing. */
  public String detail() {
    MemberStatus status = process.member().status();
    return "%s in term %d: %s".formatted(status.role(), status.term(), status.detail());
  }

  /**
   * Stops: rolls back compactions, hands the shard over if this is its primary and another can take
   * it within 5 s, turns new calls away, lets those under way end for up to 10 s, then closes the
   * member and its store. Idempotent.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    LOG.info("stopping");
    ownCompaction.close();
    retention.close();
    runs.stop();
    try {
      handOver();
      server.drain(GRACE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    upkeep.shutdown();
    runs.close();
    readers.close();
    process.close();
    server.close();
    timer.shutdown();
    LOG.info("stopped");
  }

  /** While calls are still answered: who writes goes on at the next primary after a short pause. */
  private void handOver() throws InterruptedException {
    long beganNanos = System.nanoTime();
    try {
      HandedOver next =
          process.member().stepAside().get(HAND_OVER.toMillis(), TimeUnit.MILLISECONDS);
      LOG.infof(
          "handed over to %s in term %d within %d ms",
          next.primary(),
          next.term(),
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos));
    } catch (TimeoutException e) {
      LOG.warnf("nobody took over within %s: the others elect", HAND_OVER);
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case NotPrimaryException _ -> LOG.debug("not the primary: nothing to hand over");
        case HandOverRefusedException refused
            when refused.kind() == HandOverRefusedException.Kind.NO_OTHER_MEMBER ->
            LOG.debug("alone: nobody to hand over to");
        case null, default -> LOG.warnf("did not hand over, the others elect: %s", e.getCause());
      }
    }
  }

  private static ScheduledExecutorService thread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }
}
