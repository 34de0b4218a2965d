package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What clients of a real cluster were told is linearizable, whatever happens to one member at a
 * time and to the API server, while compactions follow each other.
 */
@Order(8)
@ExtendWith(ClusterExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LinearizabilityE2E {
  private static final int CLIENTS = 8;
  private static final int VOLUME_MIB = 128;

  /** The Lease of a shard is valid for 15 s. */
  private static final Duration FROZEN = Duration.ofSeconds(20);

  /** A primary without a majority resigns after 3 s. */
  private static final Duration CUT = Duration.ofSeconds(6);

  private static final Duration API_SERVER_AWAY = Duration.ofMinutes(2);

  private final long seed = Long.getLong("varve.e2e.seed", new Random().nextInt());
  private Cluster cluster;
  private SmallVolumes volumes;
  private Store store;
  private List<Cluster.HostAndPort> members;
  private MemberFaults faults;
  private Shard shard;

  @BeforeAll
  void createStore(Cluster sharedCluster) {
    cluster = sharedCluster;
    volumes = SmallVolumes.create(cluster, "faults", 3, VOLUME_MIB);
    store =
        Store.create(
            cluster,
            "faults",
            "keyspaces: [{name: main, segmentSize: 1Mi}], storage: {size: "
                + VOLUME_MIB
                + "Mi, storageClassName: faults}");
    members = store.expose();
    faults = new MemberFaults(cluster, store, volumes);
    shard = new Shard(members);
    shard.awaitRequestsRemembered();
  }

  @AfterAll
  void deleteStore() {
    shard.close();
    store.delete();
    volumes.delete();
  }

  @Test
  @Order(1)
  void tenFaultsInARow() {
    System.out.printf("faults of seed %d; -Dvarve.e2e.seed repeats their order%n", seed);
    SplittableRandom random = new SplittableRandom(seed);
    RecordedLoad load = new RecordedLoad("f", members, random.split());
    try (CompactionLoop compactions = new CompactionLoop(members);
        load) {
      load.start(CLIENTS);
      load.awaitProgress("before all faults", 60);
      for (Fault fault : tenFaults()) {
        int primary = shard.awaitLevel("before " + fault, 120);
        int victim = random.nextInt(3) == 0 ? (primary + 1 + random.nextInt(2)) % 3 : primary;
        System.out.printf(
            "%s: member %d%s%n", fault, victim, victim == primary ? ", the primary" : "");
        strike(fault, victim, primary, random, load);
        load.awaitProgress("after " + fault, 60);
      }
      shard.awaitLevel("after all faults", 120);
      assertThat(compactions.defects()).isEmpty();
      assertThat(compactions.completed()).as("%s", compactions.ends()).isPositive();
      System.out.println("compactions: " + compactions.ends());
    }
    load.assertLinearizable();
    store.awaitIdenticalMembers();
  }

  @Test
  @Order(2)
  void theApiServerIsAwayForTwoMinutes() {
    RecordedLoad load = new RecordedLoad("a", members, new SplittableRandom(seed));
    try (CompactionLoop compactions = new CompactionLoop(members);
        load) {
      shard.awaitLevel("before the API server is away", 120);
      load.start(CLIENTS);
      load.awaitProgress("before the API server is away", 60);
      int completed = compactions.completed();
      apiServer("STOP");
      try {
        awaitProgressFor(API_SERVER_AWAY, "while the API server is away", 15, load);
        assertThat(compactions.completed()).isGreaterThan(completed);
      } finally {
        apiServer("CONT");
      }
      load.awaitProgress("after the API server is back", 60);
      assertThat(compactions.defects()).isEmpty();
    }
    load.assertLinearizable();
    store.awaitReady();
    store.awaitIdenticalMembers();
  }

  /** Each fault at least once. */
  private List<Fault> tenFaults() {
    List<Fault> ten = new ArrayList<>(List.of(Fault.values()));
    ten.add(Fault.KILLED);
    ten.add(Fault.CUT_OFF);
    Collections.shuffle(ten, new Random(seed));
    assertThat(ten).hasSize(10);
    return ten;
  }

  /** Returns when the fault has struck, the shard has got over it, and it is ended. */
  private void strike(
      Fault fault, int victim, int primary, SplittableRandom random, RecordedLoad load) {
    long term = shard.term(primary);
    String when = "during " + fault;
    switch (fault) {
      case KILLED -> {
        faults.kill(victim);
        load.awaitProgress(when, 60);
      }
      case FROZEN -> during(faults.freeze(victim), () -> awaitProgressFor(FROZEN, when, 60, load));
      case CUT_OFF -> during(faults.cutOff(victim), () -> getOverACut(victim, primary, term, load));
      case CUT_OUTWARDS ->
          during(faults.cutOutwards(victim), () -> getOverACut(victim, primary, term, load));
      case CUT_INWARDS ->
          during(faults.cutInwards(victim), () -> getOverACut(victim, primary, term, load));
      case LINK_CUT -> {
        int other = (victim + 1 + random.nextInt(2)) % 3;
        during(faults.cutLink(victim, other), () -> awaitProgressFor(CUT, when, 60, load));
      }
      case DISK_FULL ->
          during(
              faults.fillDisk(victim),
              () -> {
                if (victim == primary) {
                  awaitRefused(load);
                } else {
                  load.awaitProgress(when, 60);
                }
              });
      case STEPPED_DOWN -> {
        int successor = (primary + 1 + random.nextInt(2)) % 3;
        shard.stepDown(primary, Store.members().get(successor));
        load.awaitProgress(when, 60);
        assertThat(shard.term(successor)).isGreaterThan(term);
      }
    }
  }

  private static void during(MemberFaults.Ongoing fault, Runnable gettingOver) {
    try {
      gettingOver.run();
    } finally {
      fault.end();
    }
  }

  /** A primary that is cut off is replaced; any other is not missed. */
  private void getOverACut(int victim, int primary, long term, RecordedLoad load) {
    if (victim == primary) {
      shard.awaitAnotherThan(victim, term);
    }
    awaitProgressFor(CUT, "while member %d is cut off".formatted(victim), 60, load);
  }

  private static void awaitRefused(RecordedLoad load) {
    long before = load.refusals("STORE_FULL");
    Await.until(
        "the primary refuses writes for want of room",
        60,
        () -> assertThat(load.refusals("STORE_FULL")).isGreaterThan(before));
  }

  /** Progress again and again for so long. */
  private static void awaitProgressFor(
      Duration duration, String when, long deadlineSeconds, RecordedLoad load) {
    long started = System.nanoTime();
    while (System.nanoTime() - started < duration.toNanos()) {
      load.awaitProgress(when, deadlineSeconds);
    }
  }

  /** No component of the node ends for want of the API server. */
  private void apiServer(String signal) {
    cluster.onNode(List.of("pkill", "-" + signal, "-x", "kube-apiserver|k3s-server")).orFail();
  }
}
