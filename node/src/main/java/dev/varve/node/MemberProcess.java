package dev.varve.node;

import dev.varve.node.lease.FileLeaseStore;
import dev.varve.node.lease.KubernetesLeaseStore;
import dev.varve.node.peer.RpcTransport;
import dev.varve.node.rpc.ForegroundOperations;
import dev.varve.node.settings.NodeSettings;
import dev.varve.node.settings.NodeSettings.Follower;
import dev.varve.node.settings.NodeSettings.KubernetesLease;
import dev.varve.node.settings.NodeSettings.LeaseFile;
import dev.varve.node.settings.NodeSettings.LeasePlace;
import dev.varve.node.settings.NodeSettings.Replicated;
import dev.varve.node.settings.NodeSettings.Standalone;
import dev.varve.replication.FollowerMember;
import dev.varve.replication.LeaseStore;
import dev.varve.replication.Member;
import dev.varve.replication.MemberOptions;
import dev.varve.replication.MemberRuntime;
import dev.varve.replication.ReplicatedMember;
import dev.varve.replication.StandaloneMember;
import dev.varve.replication.Timing;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.storage.MemoryStorage;
import dev.varve.store.storage.PosixStorage;
import dev.varve.store.storage.Storage;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** A member with the real threads, files, network and Lease under it. */
final class MemberProcess implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(MemberProcess.class);
  private static final int API_SERVER_TIMEOUT_MS = 4_000;

  private final Member member;
  private final MemberScheduler scheduler;
  // Closed last to first.
  private final Deque<AutoCloseable> resources;

  private MemberProcess(Member member, MemberScheduler scheduler, Deque<AutoCloseable> resources) {
    this.member = member;
    this.scheduler = scheduler;
    this.resources = resources;
  }

  /**
   * Starts the member that the settings describe.
   *
   * @param foreground what every compaction of its store yields to, whoever asks for it
   * @param tls what other members are called with; null: plain text
   * @throws IOException if its directory can't be used; nothing is left running then
   */
  static MemberProcess start(
      NodeSettings settings, ForegroundOperations foreground, @Nullable SslContext tls)
      throws IOException {
    Deque<AutoCloseable> resources = new ArrayDeque<>();
    try {
      Storage storage = storage(settings, resources);
      MemberScheduler scheduler = opened(resources, new MemberScheduler(settings.member()));
      ExecutorService blocking =
          Executors.newCachedThreadPool(
              Thread.ofPlatform().daemon().name(settings.member() + "-blocking-", 0).factory());
      opened(resources, () -> shutDown(blocking));
      MemberRuntime runtime =
          new MemberRuntime(
              scheduler,
              blocking,
              () ->
                  StoreRuntime.threads(settings.member())
                      .withForegroundLatency(foreground.reads(), foreground.writes()),
              System::currentTimeMillis,
              new SecureRandom());
      StoreOptions options =
          StoreOptions.defaults()
              .withKeyspaces(settings.keyspaces())
              .withLayout(settings.layout())
              .withCapacityBytes(settings.capacityBytes())
              .withBallastBytes(settings.ballastBytes())
              .withOpenFilesMax(settings.openFilesMax())
              .withSegmentsMax(settings.segmentsMax())
              .withReadCacheBytes(settings.readCacheBytes());
      Member member =
          switch (settings.mode()) {
            case Standalone() ->
                StandaloneMember.start(
                    memberOptions(settings, Map.of()), runtime, options, storage);
            case Replicated(Map<String, String> peers, LeasePlace place) -> {
              RpcTransport transport = opened(resources, RpcTransport.toMembers(peers, tls));
              LeaseStore lease = lease(place, blocking, resources);
              yield ReplicatedMember.start(
                  memberOptions(settings, peers), runtime, options, storage, transport, lease);
            }
            case Follower(String primary) -> {
              Map<String, String> peers = Map.of(FollowerMember.SOURCE, primary);
              RpcTransport transport =
                  opened(resources, RpcTransport.toAddress(FollowerMember.SOURCE, primary, tls));
              yield FollowerMember.start(
                  memberOptions(settings, peers), runtime, options, storage, transport);
            }
          };
      resources.push(member);
      return new MemberProcess(member, scheduler, resources);
    } catch (IOException | RuntimeException e) {
      closeAll(resources);
      throw e;
    }
  }

  private static Storage storage(NodeSettings settings, Deque<AutoCloseable> resources)
      throws IOException {
    if (settings.layout() != Layout.MEMORY) {
      Files.createDirectories(settings.dataDir());
      return new PosixStorage(settings.dataDir());
    }
    if (Files.exists(settings.dataDir().resolve(ManifestState.PATH))) {
      throw new IOException(
          settings.dataDir()
              + " holds a store, which the layout memory would not serve: leave VARVE_LAYOUT out, or"
              + " name another directory");
    }
    LOG.infof(
        "the store is in memory, at most %d bytes: nothing survives this process, and %s is not"
            + " used",
        settings.memoryBytesMax(), settings.dataDir());
    return opened(resources, new MemoryStorage(settings.memoryBytesMax()));
  }

  private static MemberOptions memberOptions(NodeSettings settings, Map<String, String> peers) {
    return new MemberOptions(
        settings.member(), settings.cluster(), settings.shard(), peers, Timing.defaults());
  }

  private static LeaseStore lease(
      LeasePlace place, ExecutorService blocking, Deque<AutoCloseable> resources) {
    return switch (place) {
      case KubernetesLease(String namespace, String name) -> {
        // A renewal that hangs must fail before the next is due.
        KubernetesClient client =
            new KubernetesClientBuilder()
                .withConfig(
                    new ConfigBuilder(Config.autoConfigure(null))
                        .withRequestTimeout(API_SERVER_TIMEOUT_MS)
                        .withConnectionTimeout(API_SERVER_TIMEOUT_MS)
                        .withRequestRetryBackoffLimit(0)
                        .build())
                .build();
        opened(resources, client);
        yield new KubernetesLeaseStore(client, namespace, name, blocking);
      }
      case LeaseFile file -> new FileLeaseStore(file.path(), file.bootstrap(), blocking);
    };
  }

  Member member() {
    return member;
  }

  /** Whether the member's thread comes round to its tasks. */
  boolean isResponsive() {
    return scheduler.sinceAnswer().compareTo(Duration.ofSeconds(10)) < 0;
  }

  private static <T extends AutoCloseable> T opened(Deque<AutoCloseable> resources, T resource) {
    resources.push(resource);
    return resource;
  }

  private static void shutDown(ExecutorService executor) throws InterruptedException {
    executor.shutdown();
    if (!executor.awaitTermination(5, TimeUnit.SECONDS)) {
      LOG.warn("some file operations did not end within 5 s");
    }
  }

  private static void closeAll(Deque<AutoCloseable> resources) {
    while (!resources.isEmpty()) {
      AutoCloseable resource = resources.pop();
      try {
        resource.close();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception e) {
        LOG.errorf(e, "closing %s failed", resource.getClass().getSimpleName());
      }
    }
  }

  @Override
  public void close() {
    closeAll(resources);
  }
}
