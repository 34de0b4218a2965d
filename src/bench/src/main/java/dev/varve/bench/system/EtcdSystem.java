package dev.varve.bench.system;

import dev.varve.bench.etcd.CompactionRequest;
import dev.varve.bench.etcd.DefragmentRequest;
import dev.varve.bench.etcd.KVGrpc;
import dev.varve.bench.etcd.MaintenanceGrpc;
import dev.varve.bench.etcd.StatusRequest;
import dev.varve.bench.etcd.StatusResponse;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Three members of etcd. */
final class EtcdSystem implements ReplicatedSystem {
  private static final int MEMBERS = 3;
  private static final Duration START_LIMIT = Duration.ofMinutes(1);
  private static final long STATUS_SECONDS = 2;
  private static final long COMPACTION_SECONDS = 300;
  private static final long QUOTA_BYTES = 8L << 30;

  private final List<Integer> ports;
  private final List<ManagedChannel> channels;
  private final List<ServerProcess> members = new ArrayList<>();
  private String version = "";

  private EtcdSystem(List<Integer> ports) {
    this.ports = ports;
    this.channels = ports.stream().map(GrpcChannels::channel).toList();
  }

  static EtcdSystem start(Processes processes, Path directory, Programs programs)
      throws IOException {
    List<Integer> free = Ports.free(2 * MEMBERS);
    List<Integer> peerPorts = free.subList(MEMBERS, 2 * MEMBERS);
    EtcdSystem system = new EtcdSystem(free.subList(0, MEMBERS));
    try {
      String cluster =
          IntStream.range(0, MEMBERS)
              .mapToObj(i -> name(i) + "=" + url(peerPorts.get(i)))
              .collect(Collectors.joining(","));
      for (int i = 0; i < MEMBERS; i++) {
        String clientUrl = url(system.ports.get(i));
        String peerUrl = url(peerPorts.get(i));
        system.members.add(
            processes.start(
                name(i),
                directory,
                Map.of(),
                List.of(
                    programs.etcd().toString(),
                    "--name=" + name(i),
                    "--data-dir=" + directory.resolve(name(i) + "-data"),
                    "--listen-client-urls=" + clientUrl,
                    "--advertise-client-urls=" + clientUrl,
                    "--listen-peer-urls=" + peerUrl,
                    "--initial-advertise-peer-urls=" + peerUrl,
                    "--initial-cluster=" + cluster,
                    "--initial-cluster-state=new",
                    "--quota-backend-bytes=" + QUOTA_BYTES,
                    "--log-level=warn")));
      }
      var _ = system.leader();
      return system;
    } catch (IOException | RuntimeException e) {
      system.close();
      throw e;
    }
  }

  private static String name(int member) {
    return "etcd-" + member;
  }

  private static String url(int port) {
    return "http://" + Ports.HOST + ":" + port;
  }

  private StatusResponse statusOrNone(int member) {
    try {
      return status(member);
    } catch (IOException e) {
      // It is not up, or not yet: as good as a member that knows no leader.
      channels.get(member).resetConnectBackoff();
      return StatusResponse.getDefaultInstance();
    }
  }

  private StatusResponse status(int member) throws IOException {
    return GrpcChannels.call(
        channels.get(member),
        MaintenanceGrpc.getStatusMethod(),
        StatusRequest.getDefaultInstance(),
        STATUS_SECONDS);
  }

  /** The leader's number, once all three know it. */
  private int leader() throws IOException {
    int[] found = {-1};
    Waiting.until(
        START_LIMIT,
        () -> members.stream().map(ServerProcess::describe).collect(Collectors.joining("\n")),
        () -> {
          List<StatusResponse> all =
              IntStream.range(0, MEMBERS).mapToObj(this::statusOrNone).toList();
          found[0] = leaderAmong(all);
          version = all.getFirst().getVersion();
          return found[0] >= 0;
        });
    return found[0];
  }

  /** The place of the member that all of them take for the leader; -1 if there is none. */
  static int leaderAmong(List<StatusResponse> all) {
    long leader = all.getFirst().getLeader();
    if (leader == 0 || all.stream().anyMatch(status -> status.getLeader() != leader)) {
      return -1;
    }
    return IntStream.range(0, all.size())
        .filter(i -> all.get(i).getHeader().getMemberId() == leader)
        .findFirst()
        .orElse(-1);
  }

  @Override
  public SystemKind kind() {
    return SystemKind.ETCD;
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public Clients connect(int clients) throws IOException {
    return new EtcdClients(new GrpcChannels(ports.get(leader()), clients));
  }

  @Override
  public boolean compact() throws IOException {
    int leader = leader();
    long revision = status(leader).getHeader().getRevision();
    var _ =
        GrpcChannels.call(
            channels.get(leader),
            KVGrpc.getCompactMethod(),
            CompactionRequest.newBuilder().setRevision(revision).setPhysical(true).build(),
            COMPACTION_SECONDS);
    for (int i = 0; i < MEMBERS; i++) {
      if (i != leader) {
        defragment(i);
      }
    }
    defragment(leader);
    return true;
  }

  private void defragment(int member) throws IOException {
    var _ =
        GrpcChannels.call(
            channels.get(member),
            MaintenanceGrpc.getDefragmentMethod(),
            DefragmentRequest.getDefaultInstance(),
            COMPACTION_SECONDS);
  }

  @Override
  public void close() {
    members.forEach(ServerProcess::kill);
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
