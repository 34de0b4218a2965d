package dev.varve.replication;

import dev.varve.store.LogState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts together what a member tells of itself. On the scheduler only. */
final class StatusReport {
  private static final Duration HEARD_LATELY = Duration.ofSeconds(5);
  private static final Duration CONNECTED = Duration.ofSeconds(1);

  private StatusReport() {}

  static MemberStatus of(LocalMember me) {
    LogState log = me.logState();
    MemberId primary = me.primary();
    String primaryName = primary == null ? null : primary.name();
    Role role = me.role();
    SelfRepair repair = me.repair();
    return new MemberStatus(
        me.begun() ? me.self() : new MemberId(me.options.name(), "unknown"),
        role.kind(),
        repair == null ? role.detail() : role.detail() + repair.detail(),
        me.term(),
        primaryName,
        me.options.addressOf(primaryName),
        log == null ? 0 : log.last().sequence(),
        log == null ? 0 : log.committed(),
        role instanceof Primary leading && leading.serving(),
        role instanceof Follower follower && caughtUp(me, follower, primary),
        me.damage(),
        role instanceof Primary leading ? replicas(me, leading) : List.of(),
        me.membership());
  }

  private static boolean caughtUp(LocalMember me, Follower follower, @Nullable MemberId primary) {
    return primary != null
        && !follower.isCopying()
        && me.thread.nowNanos() - me.primaryHeardNanos() < HEARD_LATELY.toNanos()
        && me.log.durableMatch().sequence() > 0;
  }

  private static List<MemberStatus.ReplicaProgress> replicas(LocalMember me, Primary leading) {
    long now = me.thread.nowNanos();
    Quorum quorum = me.quorum();
    List<MemberStatus.ReplicaProgress> replicas = new ArrayList<>();
    for (Progress there : leading.shipping().all()) {
      MemberId id = there.member();
      replicas.add(
          new MemberStatus.ReplicaProgress(
              there.name,
              there.acknowledged(),
              there.lagNanos(leading.shipping().last().sequence(), now) / 1_000_000,
              there.heardSince(now - CONNECTED.toNanos()),
              id != null && quorum.includes(id)));
    }
    return replicas;
  }
}
