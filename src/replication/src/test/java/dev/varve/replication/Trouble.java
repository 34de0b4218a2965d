package dev.varve.replication;

import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionRequest;
import dev.varve.store.Store;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Does to a simulated cluster, at random, what happens to clusters; never more than it must survive
 * without losing what it said.
 */
final class Trouble {
  private final SimulatedCluster cluster;
  private final Simulation simulation;
  private final List<String> log = new ArrayList<>();
  private final Map<String, Integer> ended = new TreeMap<>();
  private boolean over;
  private boolean compacting;
  private int compactions;
  private int wipes;

  Trouble(SimulatedCluster cluster) {
    this.cluster = cluster;
    this.simulation = cluster.simulation;
  }

  void start() {
    next();
  }

  void stop() {
    over = true;
  }

  int compactions() {
    return compactions;
  }

  /** How compactions ended, and how often so. */
  Map<String, Integer> compactionsEnded() {
    return ended;
  }

  int wipes() {
    return wipes;
  }

  /** What was done, for the report of a failed seed. */
  List<String> log() {
    return log;
  }

  private void next() {
    simulation.after(
        simulation.between(50_000, 1_500_000),
        () -> {
          if (!over) {
            // Scheduled first: a compaction below lets the world go on until it ends.
            next();
            something();
          }
        });
  }

  private void something() {
    String victim = cluster.names.get(simulation.random.nextInt(cluster.names.size()));
    switch (simulation.random.nextInt(23)) {
      case 0, 1 -> {
        note("crash " + victim);
        cluster.crash(victim);
        restartLater(victim);
      }
      case 2 -> {
        ReplicatedMember primary = cluster.servingPrimary();
        if (primary != null) {
          String name = primary.status().member().name();
          note("crash the primary " + name);
          cluster.crash(name);
          restartLater(name);
        }
      }
      case 3 -> {
        note("isolate " + victim);
        cluster.network.isolate(victim, Set.copyOf(cluster.names));
        healLater();
      }
      case 4 -> {
        String other = cluster.names.get(simulation.random.nextInt(cluster.names.size()));
        note("cut " + victim + " to " + other);
        cluster.network.cut(victim, other);
        healLater();
      }
      case 5 -> {
        note("unkind network");
        cluster.network.unkind(0.1, 0.1, 0.1);
        simulation.after(
            simulation.between(200_000, 4_000_000),
            () -> cluster.network.unkind(0.002, 0.01, 0.01));
      }
      case 6 -> {
        note("no API server");
        cluster.lease.reachable(false);
        simulation.after(
            simulation.between(500_000, 10_000_000), () -> cluster.lease.reachable(true));
      }
      case 7 -> {
        cluster.lease.troubled(0.3);
        simulation.after(
            simulation.between(500_000, 5_000_000), () -> cluster.lease.troubled(0.01));
      }
      case 8, 9, 10, 19, 20, 21 -> compact();
      case 11 -> {
        ReplicatedMember primary = cluster.servingPrimary();
        if (primary != null) {
          CompletableFuture<?> _ = primary.checkpoint();
        }
      }
      case 12 -> {
        if (mayLose(victim)) {
          note("wipe " + victim);
          wipes++;
          cluster.wipe(victim);
          restartLater(victim);
        }
      }
      case 13 -> handOverAndCrash();
      case 14, 15 -> leaveItToTheLaggard();
      case 16 -> storm(simulation.random.nextInt(2, 5));
      case 17 -> {
        note("the Lease is made anew");
        cluster.lease.replace(new LeaseView("", null, 0, 0, 15_000, List.of(), Map.of()));
      }
      default -> {
        note("crash all");
        for (String name : cluster.names) {
          cluster.crash(name);
          restartLater(name);
        }
      }
    }
  }

  /**
   * The primary is cut off with what it is writing, another takes over, and right after the two
   * meet again the new one is lost: the moment in which what each believes of the other counts.
   */
  private void handOverAndCrash() {
    ReplicatedMember primary = cluster.servingPrimary();
    if (primary == null) {
      return;
    }
    String old = primary.status().member().name();
    note("hand over from " + old);
    cluster.network.isolate(old, Set.copyOf(cluster.names));
    simulation.after(
        simulation.between(2_500_000, 6_000_000),
        () -> {
          ReplicatedMember next = cluster.servingPrimary();
          if (next == null || over) {
            cluster.network.heal();
            return;
          }
          String name = next.status().member().name();
          // What the new primary writes now has nobody left to wait for but the old one.
          for (String other : cluster.names) {
            if (!other.equals(old)) {
              cluster.network.cut(name, other);
            }
          }
          simulation.after(
              simulation.between(50_000, 1_500_000),
              () -> {
                long committed = next.status().committedSequence();
                cluster.network.join(name, old);
                crashWhenCommitted(name, committed, 2_000);
              });
        });
  }

  /** Loses the primary just when it has acknowledged something, if it does soon. */
  private void crashWhenCommitted(String name, long before, int polls) {
    ReplicatedMember primary = cluster.node(name).member;
    Store store = primary == null ? null : primary.store();
    if (over || polls == 0 || store == null) {
      cluster.network.heal();
    } else if (store.log().state().committed() > before) {
      simulation.after(
          simulation.between(0, 4_000),
          () -> {
            note("and crash " + name);
            cluster.crash(name);
            cluster.network.heal();
            restartLater(name);
          });
    } else {
      simulation.after(
          simulation.between(500, 500), () -> crashWhenCommitted(name, before, polls - 1));
    }
  }

  /**
   * One replica falls behind, the primary is lost, and all that are level cannot reach the Lease:
   * the one that is behind must become primary, with what the others have.
   */
  private void leaveItToTheLaggard() {
    ReplicatedMember primary = cluster.servingPrimary();
    if (primary == null) {
      return;
    }
    String lost = primary.status().member().name();
    List<String> others = cluster.names.stream().filter(name -> !name.equals(lost)).toList();
    String behind = others.get(simulation.random.nextInt(others.size()));
    note("leave it to " + behind + " when " + lost + " is lost");
    cluster.network.cut(lost, behind);
    simulation.after(
        simulation.between(200_000, 1_200_000),
        () -> {
          cluster.crash(lost);
          cluster.network.heal();
          others.stream().filter(name -> !name.equals(behind)).forEach(cluster.lease::cutOff);
          restartLater(lost);
          simulation.after(
              simulation.between(6_000_000, 9_000_000), () -> cluster.lease.reachable(true));
        });
  }

  /** Each primary is lost soon after it began, often before its first record is committed. */
  private void storm(int left) {
    if (over || left == 0) {
      return;
    }
    for (SimulatedCluster.Node node : cluster.up()) {
      ReplicatedMember member = node.member;
      if (member != null && member.status().role() == MemberRole.PRIMARY) {
        note("storm: crash " + node.name);
        cluster.crash(node.name);
        restartLater(node.name);
        simulation.after(simulation.between(0, 60_000), () -> storm(left - 1));
        return;
      }
    }
    simulation.after(simulation.between(1_000, 20_000), () -> storm(left));
  }

  /**
   * A disk may be lost only while every member counts under its present id: else a second loss
   * could be one too many.
   */
  private boolean mayLose(String victim) {
    ReplicatedMember primary = cluster.servingPrimary();
    if (primary == null
        || cluster.up().size() < cluster.names.size()
        || simulation.nowNanos() < wipedNanos + Duration.ofSeconds(5).toNanos()) {
      return false;
    }
    List<MemberId> membership = primary.status().membership();
    for (SimulatedCluster.Node node : cluster.up()) {
      // What the primary alone holds of a change may yet be cut: with a member out and not in
      // again, the loss of one of the two that are left is a loss that nothing survives.
      if (node.member == null
          || !membership.contains(node.member.status().member())
          || !membership.equals(node.member.status().membership())) {
        return false;
      }
    }
    wipedNanos = simulation.nowNanos();
    return membership.size() == cluster.names.size() && !victim.isEmpty();
  }

  private long wipedNanos = Long.MIN_VALUE / 2;

  private void compact() {
    ReplicatedMember primary = cluster.servingPrimary();
    if (primary == null || compacting) {
      return;
    }
    compacting = true;
    try (UnforeseenFailures unforeseen = new UnforeseenFailures()) {
      compactions++;
      note("compact on " + primary.status().member().name());
      CompactionEvent end = primary.compact(0, compaction(), event -> {}, CancelToken.unbounded());
      note("the compaction ended: " + end.type() + " " + end.reason());
      ended.merge(end.type() + " " + end.reason(), 1, Integer::sum);
      unforeseen.rejectIn(end);
    } catch (Simulation.MachineDied e) {
      ended.merge("the primary died", 1, Integer::sum);
      note("the compaction died with its primary");
    } catch (IOException | NotPrimaryException | StaleTermException e) {
      ended.merge(e.getClass().getSimpleName(), 1, Integer::sum);
      note("the compaction failed: " + e);
    } finally {
      compacting = false;
    }
  }

  private CompactionRequest compaction() {
    return new CompactionRequest(
        "run-" + compactions,
        CompactionOptions.defaults(SimulatedCluster.KEYSPACE).forced(),
        simulation.chance(0.3),
        0);
  }

  private void restartLater(String name) {
    simulation.after(simulation.between(100_000, 5_000_000), () -> cluster.start(name));
  }

  private void healLater() {
    simulation.after(simulation.between(300_000, 6_000_000), cluster.network::heal);
  }

  private void note(@Nullable String what) {
    log.add(simulation.nowMs() + " ms: " + what);
  }
}
