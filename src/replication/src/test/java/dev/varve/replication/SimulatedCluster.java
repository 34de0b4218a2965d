package dev.varve.replication;

import dev.varve.store.KeyspaceOptions;
import dev.varve.store.ManifestBound;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.recovery.Recovery;
import dev.varve.store.recovery.TailRecord;
import dev.varve.store.recovery.TailSink;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The members of one shard in a simulation, each with a directory, a clock and a link to the
 * others.
 */
final class SimulatedCluster {
  static final String KEYSPACE = "main";
  static final long SEGMENT_BYTES = 16 << 10;
  static final long WINDOW_BYTES = 24 << 10;

  /** So that every member rolls its manifest now and then. */
  static final ManifestBound MANIFEST_BOUND = new ManifestBound(2 << 10, 2);

  final Simulation simulation;
  final SimulatedNetwork network;
  final SimulatedLease lease;
  final List<String> names = new ArrayList<>();
  List<KeyspaceOptions> keyspaces =
      List.of(new KeyspaceOptions(KEYSPACE, KeyspaceType.KEY_VALUE, SEGMENT_BYTES));
  private final Map<String, Node> nodes = new LinkedHashMap<>();
  private final Map<String, String> peers = new TreeMap<>();

  /** A member's machine. */
  final class Node {
    final String name;
    SimulatedStorage storage = new SimulatedStorage();
    Simulation.Machine machine;
    @Nullable ReplicatedMember member;

    Node(String name) {
      this.name = name;
      this.machine = simulation.new Machine(name);
    }

    boolean isUp() {
      return member != null;
    }
  }

  SimulatedCluster(Simulation simulation, int size) {
    this.simulation = simulation;
    this.network = new SimulatedNetwork(simulation);
    for (int i = 0; i < size; i++) {
      names.add("m" + i);
      peers.put("m" + i, "m" + i + ":9090");
    }
    this.lease = new SimulatedLease(simulation, names);
    names.forEach(name -> nodes.put(name, new Node(name)));
  }

  void startAll() {
    names.forEach(this::start);
  }

  Node node(String name) {
    Node node = nodes.get(name);
    if (node == null) {
      throw new IllegalArgumentException(name);
    }
    return node;
  }

  List<Node> up() {
    return nodes.values().stream().filter(Node::isUp).toList();
  }

  void start(String name) {
    Node node = node(name);
    if (node.isUp()) {
      return;
    }
    Simulation.Machine machine = simulation.new Machine(name);
    node.machine = machine;
    MemberRuntime runtime =
        new MemberRuntime(
            machine,
            machine.executor(2_000),
            () ->
                new StoreRuntime(
                        machine.executor(200),
                        machine.executor(4_000),
                        machine.executor(5_000),
                        simulation::nowMs,
                        simulation::nowNanos)
                    .withWaiting(machine::waitFor),
            simulation::nowMs,
            new Random(simulation.random.nextLong()));
    StoreOptions options =
        StoreOptions.defaults()
            .withKeyspaces(keyspaces)
            .withWindowBytesMax(WINDOW_BYTES)
            .withManifestBound(MANIFEST_BOUND);
    ReplicatedMember member =
        ReplicatedMember.start(
            new MemberOptions(name, "orders", 0, peers, Timing.defaults()),
            runtime,
            options,
            node.storage,
            network.transportOf(name, machine),
            lease.storeOf(machine));
    node.member = member;
    network.connect(name, member);
  }

  /** The machine loses power: unsynced bytes and names are lost, or some of them. */
  void crash(String name) {
    Node node = node(name);
    if (node.isUp()) {
      network.disconnect(name);
      node.machine.kill();
      node.member = null;
      node.storage = node.storage.crash(simulation.random.nextLong());
    }
  }

  /** The machine and its disk are lost. */
  void wipe(String name) {
    crash(name);
    node(name).storage = new SimulatedStorage();
  }

  /** Looks, again and again, whether a member stopped itself: no disk fails here, so none may. */
  void watch() {
    for (Node node : up()) {
      ReplicatedMember member = node.member;
      if (member != null && member.status().damage() != null) {
        throw new AssertionError("a member stopped itself: " + describe());
      }
    }
    simulation.after(Duration.ofMillis(50), this::watch);
  }

  @Nullable ReplicatedMember servingPrimary() {
    ReplicatedMember serving = null;
    for (Node node : up()) {
      ReplicatedMember member = node.member;
      if (member != null
          && member.status().serving()
          && (serving == null || serving.status().term() < member.status().term())) {
        serving = member;
      }
    }
    return serving;
  }

  ReplicatedMember awaitPrimary(Duration limit) {
    if (!simulation.runUntil(() -> servingPrimary() != null, limit)) {
      throw new AssertionError("no primary within " + limit + ": " + describe());
    }
    ReplicatedMember primary = servingPrimary();
    if (primary == null) {
      throw new AssertionError();
    }
    return primary;
  }

  /** Heals everything, starts everybody, and waits until all are level. */
  void settle(Duration limit) {
    network.heal();
    network.unkind(0, 0, 0);
    lease.reachable(true);
    lease.troubled(0);
    names.forEach(this::start);
    if (!simulation.runUntil(this::isLevel, limit)) {
      throw new AssertionError("not level within " + limit + ": " + describe());
    }
  }

  private boolean isLevel() {
    ReplicatedMember primary = servingPrimary();
    if (primary == null || primary.status().membership().size() != names.size()) {
      return false;
    }
    long last = primary.status().lastSequence();
    for (Node node : nodes.values()) {
      ReplicatedMember member = node.member;
      Store store = member == null ? null : member.store();
      if (member == null
          || store == null
          || !primary.status().membership().contains(member.status().member())
          || store.log().state().last().sequence() != last
          || store.log().state().applied() != last
          || store.log().adoptionBacklog() != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Every member holds the same segments, byte by byte, and a manifest that says the same: each
   * rolls its own when it is long. To be asked when level.
   */
  void assertIdentical() throws IOException {
    Map<String, byte[]> expected = null;
    ManifestSnapshot said = null;
    String first = "";
    for (Node node : nodes.values()) {
      Map<String, byte[]> files = new TreeMap<>();
      for (String file : node.storage.list(KEYSPACE)) {
        if (file.endsWith(".log")) {
          files.put(KEYSPACE + "/" + file, node.storage.contents(KEYSPACE + "/" + file));
        }
      }
      ManifestSnapshot manifest = manifest(node.storage);
      if (expected == null || said == null) {
        expected = files;
        said = manifest;
        first = node.name;
        continue;
      }
      if (!said.equals(manifest)) {
        throw new AssertionError(
            "the manifest of "
                + node.name
                + " says "
                + manifest
                + ", that of "
                + first
                + " "
                + said);
      }
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        byte[] other = expected.get(file.getKey());
        if (other != null && !Arrays.equals(other, file.getValue())) {
          throw new AssertionError(
              file.getKey()
                  + " differs on "
                  + node.name
                  + " and "
                  + first
                  + " from byte "
                  + Arrays.mismatch(other, file.getValue())
                  + " ("
                  + file.getValue().length
                  + " and "
                  + other.length
                  + " bytes)");
        }
      }
    }
  }

  /** All that the manifest says, up to its end. */
  private static ManifestSnapshot manifest(SimulatedStorage storage) throws IOException {
    SimulatedStorage copy = storage.killClone();
    try (DurableMark mark = DurableMark.open(copy);
        Recovery recovery = Recovery.begin(copy, mark)) {
      ManifestState state = recovery.committedState();
      recovery.replayTail(
          new TailSink() {
            @Override
            public void batch(long sequence, long term, List<TailRecord> records) {}

            @Override
            public void edit(RecordedEdit edit, long offset, int length) throws IOException {
              if (edit.sequence() > recovery.committed()) {
                try {
                  state.apply(edit);
                } catch (InconsistentEditException e) {
                  throw new IOException(e);
                }
              }
            }
          });
      state.forgetCompactions(Long.MAX_VALUE); // how early that happens is each member's own affair
      long end = recovery.manifestBase().inLog(recovery.manifestLength());
      return state.snapshot(end, 0, 0, List.of());
    }
  }

  /** How many members' manifests begin with a snapshot. */
  int rolledManifests() throws IOException {
    int rolled = 0;
    for (Node node : nodes.values()) {
      SimulatedStorage copy = node.storage.killClone();
      try (DurableMark mark = DurableMark.open(copy);
          Recovery recovery = Recovery.begin(copy, mark)) {
        rolled += recovery.manifestBase().snapshotBytes() > 0 ? 1 : 0;
      }
    }
    return rolled;
  }

  String describe() {
    StringBuilder text = new StringBuilder("at ").append(simulation.nowMs()).append(" ms, ");
    text.append(lease.view());
    for (Node node : nodes.values()) {
      ReplicatedMember member = node.member;
      text.append("\n  ").append(node.name).append(": ");
      text.append(member == null ? "down" : member.status());
    }
    return text.toString();
  }
}
