package dev.varve.bench.system;

import com.google.common.collect.Iterators;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.varve.client.Address;
import dev.varve.client.ClientOptions;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.StepDownRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Three members of this project. */
public final class VarveSystem implements ReplicatedSystem {
  private static final int MEMBERS = 3;
  private static final Duration START_LIMIT = Duration.ofMinutes(1);
  private static final long STATUS_SECONDS = 2;
  private static final long COMPACTION_SECONDS = 300;
  private static final String KEYSPACE = "main";

  private final Processes processes;
  private final Path directory;
  private final Programs programs;
  private final List<Integer> ports;
  private final List<Integer> httpPorts;
  private final List<ManagedChannel> channels;
  private final List<ServerProcess> members = new ArrayList<>();
  private String version = "";

  private VarveSystem(Processes processes, Path directory, Programs programs) throws IOException {
    this.processes = processes;
    this.directory = directory;
    this.programs = programs;
    List<Integer> free = Ports.free(2 * MEMBERS);
    ports = free.subList(0, MEMBERS);
    httpPorts = free.subList(MEMBERS, 2 * MEMBERS);
    channels = ports.stream().map(GrpcChannels::channel).toList();
  }

  /** Starts three members on an empty directory; see {@link SystemKind#start}. */
  public static VarveSystem start(Processes processes, Path directory, Programs programs)
      throws IOException {
    VarveSystem system = new VarveSystem(processes, directory, programs);
    try {
      for (int i = 0; i < MEMBERS; i++) {
        system.members.add(system.startProcess(i));
      }
      system.awaitWhole();
      return system;
    } catch (IOException | RuntimeException e) {
      system.close();
      throw e;
    }
  }

  private static String name(int member) {
    return "m-" + member;
  }

  private ServerProcess startProcess(int member) throws IOException {
    String peers =
        IntStream.range(0, MEMBERS)
            .mapToObj(i -> name(i) + "=" + Ports.HOST + ":" + ports.get(i))
            .collect(Collectors.joining(","));
    String names =
        IntStream.range(0, MEMBERS).mapToObj(VarveSystem::name).collect(Collectors.joining(","));
    return processes.start(
        name(member),
        directory,
        Map.ofEntries(
            Map.entry("VARVE_MEMBER", name(member)),
            Map.entry("VARVE_PEERS", peers),
            Map.entry("VARVE_LEASE_FILE", directory.resolve("lease").toString()),
            Map.entry("VARVE_BOOTSTRAP", names),
            Map.entry("VARVE_DATA_DIR", directory.resolve(name(member) + "-data").toString()),
            Map.entry("VARVE_HOST", Ports.HOST),
            Map.entry("VARVE_PORT", ports.get(member).toString()),
            Map.entry("VARVE_HTTP_PORT", httpPorts.get(member).toString()),
            Map.entry("VARVE_MANAGED", "true"),
            Map.entry("BALLAST", "0")),
        command());
  }

  /** As the image starts it, with the cache of its start if {@code node/train} has made one. */
  private List<String> command() {
    List<String> command = new ArrayList<>();
    command.add(programs.java().toString());
    command.add("@" + programs.node().resolve("jvm.options"));
    Path cache = programs.node().resolve("target/member.aot");
    if (Files.exists(cache)) {
      command.add("-XX:AOTCache=" + cache);
    }
    command.add("-Xmx512m");
    command.add("-jar");
    command.add(programs.node().resolve("target/quarkus-app/quarkus-run.jar").toString());
    return command;
  }

  /** Waits until a primary serves and hears both others, which have all that it has. */
  public void awaitWhole() throws IOException {
    Waiting.until(
        START_LIMIT,
        () -> "three members that are level: " + describe(),
        () -> {
          for (int i = 0; i < MEMBERS; i++) {
            StatusResponse status = statusOrNone(i);
            if (status.getRole() == Role.ROLE_PRIMARY
                && status.getReplicasList().stream()
                        .filter(
                            r ->
                                r.getConnected()
                                    && r.getAcknowledgedSequence() >= status.getCommittedSequence())
                        .count()
                    == MEMBERS - 1) {
              version = status.getVersion();
              return true;
            }
          }
          return false;
        });
  }

  private String describe() {
    return IntStream.range(0, members.size())
        .mapToObj(i -> members.get(i).describe() + "\nand says " + statusOrNone(i))
        .collect(Collectors.joining("\n"));
  }

  /** A member's own word; the default instance where it gives none. */
  private StatusResponse statusOrNone(int member) {
    try {
      return GrpcChannels.call(
          channels.get(member),
          AdminGrpc.getStatusMethod(),
          StatusRequest.getDefaultInstance(),
          STATUS_SECONDS);
    } catch (IOException e) {
      // It is not up, or not yet: as good as a member that says nothing of itself.
      channels.get(member).resetConnectBackoff();
      return StatusResponse.getDefaultInstance();
    }
  }

  /** The number of the member that says it is the primary, with the highest term. */
  public int primary() throws IOException {
    int[] found = {-1};
    Waiting.until(
        START_LIMIT,
        () -> "a primary: " + describe(),
        () -> {
          long term = -1;
          for (int i = 0; i < MEMBERS; i++) {
            StatusResponse status = statusOrNone(i);
            if (status.getRole() == Role.ROLE_PRIMARY && status.getTerm() > term) {
              term = status.getTerm();
              found[0] = i;
            }
          }
          return found[0] >= 0;
        });
    return found[0];
  }

  /** Kills a member; its files stay. */
  public void kill(int member) {
    members.get(member).kill();
  }

  /** Tells a member to stop, and waits until it has. */
  public void stop(int member) {
    members.get(member).stop();
  }

  /**
   * Starts a member that was killed or stopped, and returns when it says that it is ready.
   *
   * @return the nanoseconds from starting the process until then
   */
  public long restart(int member) throws IOException {
    long started = System.nanoTime();
    ServerProcess process = startProcess(member);
    members.set(member, process);
    Waiting.until(
        START_LIMIT,
        process::describe,
        () -> process.output().contains("ready on ") || !process.isAlive());
    if (!process.isAlive()) {
      throw new IOException(process.describe());
    }
    return System.nanoTime() - started;
  }

  /** The members' memory, each one's VmRSS. */
  public List<Long> residentBytes() throws IOException {
    List<Long> bytes = new ArrayList<>();
    for (ServerProcess member : members) {
      bytes.add(member.residentBytes());
    }
    return bytes;
  }

  /** A client of the product's own, which follows the primary. */
  public VarveClient client() {
    return VarveClient.connect(
        ClientOptions.of(
                ports.stream()
                    .map(port -> Address.parse(Ports.HOST + ":" + port))
                    .toArray(Address[]::new))
            .withTimeout(Duration.ofSeconds(20)));
  }

  @Override
  public SystemKind kind() {
    return SystemKind.VARVE;
  }

  @Override
  public String version() {
    return version;
  }

  @Override
  public Clients connect(int clients) throws IOException {
    return new VarveClients(new GrpcChannels(ports.get(primary()), clients));
  }

  private static CompactRequest request() {
    return CompactRequest.newBuilder().setKeyspace(KEYSPACE).setForce(true).build();
  }

  @Override
  public boolean compact() throws IOException {
    return compactNow().getType() == CompactionEvent.Type.COMPLETED;
  }

  /** Compacts on the primary and returns the last event, which is no failure. */
  public CompactionEvent compactNow() throws IOException {
    try {
      CompactionEvent last =
          Objects.requireNonNull(
              Iterators.getLast(
                  AdminGrpc.newBlockingStub(channels.get(primary()))
                      .withDeadlineAfter(COMPACTION_SECONDS, TimeUnit.SECONDS)
                      .compact(request())));
      if (last.getType() == CompactionEvent.Type.FAILED) {
        throw new IOException("compaction failed: " + last.getReason() + ", " + last.getMessage());
      }
      return last;
    } catch (StatusRuntimeException e) {
      throw new IOException("compaction failed: " + e.getMessage(), e);
    }
  }

  /** Has the primary hand over to the most advanced replica, and returns when that leads. */
  public void stepDown() throws IOException {
    var _ =
        GrpcChannels.call(
            channels.get(primary()),
            AdminGrpc.getStepDownMethod(),
            StepDownRequest.getDefaultInstance(),
            GrpcChannels.ANSWER_SECONDS);
  }

  /** How many members there are. */
  public int members() {
    return MEMBERS;
  }

  /** A key or value as the client takes it. */
  public static ByteString bytes(byte[] array) {
    return UnsafeByteOperations.unsafeWrap(array);
  }

  @Override
  public void close() {
    members.forEach(ServerProcess::kill);
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
