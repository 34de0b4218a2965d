package dev.varve.replication;

import dev.varve.store.ShardLog;
import dev.varve.store.manifest.Edit;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings the replicated membership to what is there, one member at a time: records the founders,
 * replaces the id of a lost directory by that of the one made anew, and takes in members that are
 * configured and caught up. It removes nobody else.
 */
final class MembershipKeeper {
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private final LocalMember me;
  private final Primary role;
  private final ShardLog log;
  private final Shipping shipping;
  private boolean changing;

  MembershipKeeper(LocalMember me, Primary role, ShardLog log, Shipping shipping) {
    this.me = me;
    this.role = role;
    this.log = log;
    this.shipping = shipping;
  }

  /** Once the term's first record is committed. */
  void start() {
    look();
  }

  /** Whether a change is proposed and not known to be committed. */
  boolean isChanging() {
    return changing;
  }

  private void look() {
    if (!me.is(role)) {
      return;
    }
    if (role.mayChangeMembers(changing) && !role.isHandingOver()) {
      List<MemberId> next = next();
      if (next != null) {
        propose(next);
      }
    }
    Scheduler.Cancellable _ = me.thread.after(LOOK_EVERY, this::look);
  }

  private @Nullable List<MemberId> next() {
    if (log.state().membership().isEmpty()) {
      return me.identity().founders();
    }
    long now = me.thread.nowNanos();
    List<MemberId> members = me.quorum().membership();
    for (Progress candidate : shipping.all()) {
      MemberId id = candidate.member();
      if (id != null && !members.contains(id) && isCaughtUp(candidate, now)) {
        List<MemberId> changed = MembershipRule.towards(members, id);
        if (isReachable(changed, id, now)) {
          return changed;
        }
      }
    }
    return null;
  }

  private boolean isCaughtUp(Progress candidate, long now) {
    return candidate.mode() == Progress.Mode.STREAMING
        && candidate.heardSince(now - me.timing().freshRead().toNanos())
        && candidate.acknowledged() >= log.state().committed();
  }

  /**
   * Whether the change could be committed now: one that could not would block every write behind
   * it.
   */
  private boolean isReachable(List<MemberId> changed, MemberId joining, long now) {
    return new Quorum(changed)
        .reached(
            member -> {
              Progress there = shipping.of(member);
              return member.equals(me.self())
                  || member.equals(joining)
                  || (there != null
                      && there.mode() == Progress.Mode.STREAMING
                      && there.heardSince(now - me.timing().freshRead().toNanos()));
            });
  }

  private void propose(List<MemberId> members) {
    changing = true;
    me.note(System.Logger.Level.INFO, "changes the membership to " + members);
    me.thread.when(
        log.propose(new Edit.Membership(members.stream().map(MemberId::toString).toList())),
        sequence -> {
          changing = false;
          me.changed();
        },
        failure -> {
          changing = false;
          me.note(System.Logger.Level.WARNING, "the membership was not changed: " + failure);
        });
  }
}
