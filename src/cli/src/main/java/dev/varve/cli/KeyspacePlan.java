package dev.varve.cli;

import dev.varve.client.MemberStatus;
import dev.varve.client.VarveAdmin;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.SegmentPlan;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.Strategy;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What the primary would do with one keyspace. */
record KeyspacePlan(int shard, String keyspace, PlanResponse plan) {

  /**
   * The plans of these keyspaces, or of all, in every shard that the command is about.
   *
   * @param base thresholds
   */
  static List<KeyspacePlan> of(
      VarveCommand varve, VarveAdmin admin, List<KeyspaceStrategy> wanted, CompactRequest base) {
    List<KeyspacePlan> plans = new ArrayList<>();
    for (int shard : varve.shards(admin)) {
      List<KeyspaceStrategy> keyspaces = wanted.isEmpty() ? all(admin, shard) : wanted;
      for (KeyspaceStrategy keyspace : keyspaces) {
        CompactRequest request =
            base.toBuilder()
                .setKeyspace(keyspace.keyspace())
                .setStrategy(keyspace.strategy())
                .build();
        plans.add(new KeyspacePlan(shard, keyspace.keyspace(), admin.plan(shard, request)));
      }
    }
    return plans;
  }

  /**
   * Plan takes one keyspace or all in one answer; asked one by one the answers can be told apart.
   */
  private static List<KeyspaceStrategy> all(VarveAdmin admin, int shard) {
    for (MemberStatus member : admin.statusOfAll()) {
      StatusResponse status = member.status();
      if (status != null && status.getRole() == Role.ROLE_PRIMARY && member.shard() == shard) {
        return status.getKeyspacesList().stream()
            .map(KeyspaceStatus::getName)
            .map(name -> new KeyspaceStrategy(name, Strategy.STRATEGY_UNSPECIFIED))
            .toList();
      }
    }
    return List.of(KeyspaceStrategy.ALL);
  }

  String name() {
    String name = keyspace.isEmpty() ? "all keyspaces" : keyspace;
    return shard == 0 ? name : "shard " + shard + " " + name;
  }

  static double deadRatio(SegmentPlan segment) {
    return segment.getTotalBytes() == 0
        ? 0
        : 1 - (double) segment.getLiveBytes() / segment.getTotalBytes();
  }

  static String deadPercent(SegmentPlan segment) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * deadRatio(segment));
  }
}
