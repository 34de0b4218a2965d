package dev.varve.replication;

import dev.varve.replication.HandOverRefusedException.Kind;
import dev.varve.store.LogState;
import dev.varve.store.ShardLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A primary's handing over of its term. First everything that may fail: a replica must say that it
 * could lead, compactions end, the replica comes close. Then a short pause: no write is let in, and
 * those under way end, so that none is left whose outcome nobody knows. Then this member stops
 * leading, for good in this term, and only then tells the others that their promises are over. On
 * the scheduler only.
 */
final class HandOver {
  /** Why a compaction under way ends. */
  static final String COMPACTION_ENDS = "NotPrimary";

  private static final Duration POLL = Duration.ofMillis(2);

  /** For how long the replica may come close, while everything goes on. */
  private static final Duration APPROACH = Duration.ofSeconds(3);

  /** For how long compactions may roll back; writes go on. */
  private static final Duration COMPACTIONS = Duration.ofSeconds(3);

  /** For how long writes are kept out before the hand-over is given up. */
  private static final Duration PAUSE = Duration.ofMillis(700);

  private static final Duration RELEASE_AGAIN = Duration.ofMillis(200);

  /** For how long another is waited for after the release; elections have begun by then. */
  private static final Duration SUCCESSION = Duration.ofSeconds(3);

  private final LocalMember me;
  private final Primary role;
  private final ShardLog log;
  private final Shipping shipping;
  private final MembershipKeeper membership;
  private final CompletableFuture<HandedOver> ended = new CompletableFuture<>();
  private final List<String> refusals = new ArrayList<>();
  private boolean released;
  private long releasedNanos;
  private long sentNanos;

  HandOver(
      LocalMember me, Primary role, ShardLog log, Shipping shipping, MembershipKeeper membership) {
    this.me = me;
    this.role = role;
    this.log = log;
    this.shipping = shipping;
    this.membership = membership;
  }

  /**
   * Begins.
   *
   * @param to the member to hand over to; null: the most advanced that can
   * @return completes when another leads. Fails with {@link HandOverRefusedException} and this
   *     member goes on; with {@link NotPrimaryException} if it was deposed before anything was
   *     released; with {@link QuorumUnavailableException} if it has released the shard and nobody
   *     took it in time
   */
  CompletableFuture<HandedOver> start(@Nullable String to) {
    List<Progress> candidates = new ArrayList<>();
    for (Progress replica : shipping.all()) {
      if (to == null || to.equals(replica.name)) {
        String obstacle = obstacle(replica);
        if (obstacle == null) {
          candidates.add(replica);
        } else {
          refusals.add(replica.name + " " + obstacle);
        }
      }
    }
    if (candidates.isEmpty() && refusals.isEmpty()) {
      refuse(
          to == null ? Kind.NO_OTHER_MEMBER : Kind.UNKNOWN_MEMBER,
          to == null
              ? me.self().name() + " is the only member of its shard"
              : "this shard has no member " + to);
      return ended;
    }
    candidates.sort(
        Comparator.comparingLong(Progress::acknowledged)
            .reversed()
            .thenComparing(replica -> replica.name));
    prepare(candidates, 0);
    return ended;
  }

  /** The role was left. Unless that was the hand-over itself, nothing comes of it. */
  void left() {
    if (!released) {
      ended.completeExceptionally(new NotPrimaryException(null, null, me.term()));
    }
  }

  boolean isEnded() {
    return ended.isDone();
  }

  private @Nullable String obstacle(Progress replica) {
    MemberId id = replica.member();
    if (id == null || !replica.heardSince(me.thread.nowNanos() - heardLately())) {
      return "was not heard lately";
    }
    return me.quorum().includes(id) ? null : "has no vote";
  }

  private long heardLately() {
    return me.timing().freshRead().toNanos();
  }

  private boolean isOver() {
    return ended.isDone() || (!released && !me.is(role));
  }

  private void refuse(Kind kind, String why) {
    role.writes().open();
    role.compactions().open();
    me.note(System.Logger.Level.INFO, "does not hand over: " + why);
    ended.completeExceptionally(new HandOverRefusedException(kind, why));
  }

  // --- 1. a replica that could lead ---

  private void prepare(List<Progress> candidates, int next) {
    if (next == candidates.size()) {
      refuse(Kind.NOT_NOW, "no replica can take over: " + String.join("; ", refusals));
      return;
    }
    Progress replica = candidates.get(next);
    me.thread.when(
        me.peers.ask(
            replica.name,
            new Request.PrepareTakeOver(me.options.shard(), role.term(), me.self()),
            Response.TakeOverAnswer.class,
            me.timing().request()),
        answer -> {
          if (isOver()) {
            return;
          }
          if (answer.willing() && answer.member().equals(replica.member())) {
            approach(
                replica,
                answer.member(),
                shipping.last().sequence(),
                me.thread.nowNanos() + APPROACH.toNanos());
          } else {
            refusals.add(replica.name + " " + answer.reason());
            prepare(candidates, next + 1);
          }
        },
        failure -> {
          if (!isOver()) {
            refusals.add(replica.name + ": " + failure.getMessage());
            prepare(candidates, next + 1);
          }
        });
  }

  // --- 2. while writes go on: the replica comes close, compactions end ---

  private void approach(Progress replica, MemberId to, long near, long deadlineNanos) {
    if (isOver()) {
      return;
    }
    String obstacle = obstacle(replica);
    if (obstacle != null) {
      refuse(Kind.NOT_NOW, replica.name + " " + obstacle);
    } else if (replica.acknowledged() >= near) {
      role.compactions().close();
      endCompactions(replica, to, me.thread.nowNanos() + COMPACTIONS.toNanos());
    } else if (me.thread.nowNanos() - deadlineNanos > 0) {
      refuse(Kind.NOT_NOW, replica.name + " is behind, and did not come close within " + APPROACH);
    } else {
      again(() -> approach(replica, to, near, deadlineNanos));
    }
  }

  private void endCompactions(Progress replica, MemberId to, long deadlineNanos) {
    if (isOver()) {
      return;
    }
    if (role.compactions().isQuiet()) {
      role.writes().close();
      pause(replica, to, me.thread.nowNanos() + PAUSE.toNanos());
    } else if (me.thread.nowNanos() - deadlineNanos > 0) {
      refuse(Kind.NOT_NOW, "a compaction did not end within " + COMPACTIONS);
    } else {
      again(() -> endCompactions(replica, to, deadlineNanos));
    }
  }

  // --- 3. the pause: what is under way ends, and the replica holds all of it ---

  private void pause(Progress replica, MemberId to, long deadlineNanos) {
    if (isOver()) {
      return;
    }
    if (isLevel(replica) && to.equals(replica.member()) && me.quorum().includes(to)) {
      release(to);
    } else if (me.thread.nowNanos() - deadlineNanos > 0) {
      refuse(Kind.NOT_NOW, replica.name + " did not become level within " + PAUSE);
    } else {
      again(() -> pause(replica, to, deadlineNanos));
    }
  }

  private boolean isLevel(Progress replica) {
    LogState state = log.state();
    long last = shipping.last().sequence();
    return role.writes().isQuiet()
        && !membership.isChanging()
        && state.last().sequence() == last
        && role.committed() == last
        && replica.acknowledged() >= last;
  }

  // --- 4. the release ---

  private void release(MemberId to) {
    released = true;
    me.note(
        System.Logger.Level.INFO,
        "hands over to " + to.name() + " at the end of term " + role.term() + ": " + me.last());
    releasedNanos = me.thread.nowNanos();
    // As if it had granted a fence: the other one shall have the time that it needs.
    me.promises.fenced(releasedNanos);
    me.forgetPrimary();
    // Stops serving, and reading on promises, before anybody hears that the promises are over. It
    // leads again in a higher term or not at all.
    me.become(new Follower(me));
    send(to);
    await(to);
  }

  private void send(MemberId to) {
    sentNanos = me.thread.nowNanos();
    for (String peer : me.peers.names()) {
      me.thread.when(
          me.peers.ask(
              peer,
              new Request.Release(me.options.shard(), role.term(), me.self(), to),
              Response.TakeOverAnswer.class,
              RELEASE_AGAIN.multipliedBy(4)),
          answer -> {
            if (!answer.willing()) {
              me.note(
                  System.Logger.Level.DEBUG,
                  peer + " takes no release of term " + role.term() + ": " + answer.reason());
            }
          },
          failure -> me.note(System.Logger.Level.DEBUG, "no release at " + peer + ": " + failure));
    }
  }

  private void await(MemberId to) {
    MemberId primary = me.primary();
    long now = me.thread.nowNanos();
    if (primary != null && me.term() > role.term()) {
      ended.complete(new HandedOver(primary.name(), me.term()));
    } else if (now - releasedNanos > SUCCESSION.toNanos()) {
      ended.completeExceptionally(
          new QuorumUnavailableException(
              "released the shard to " + to.name() + ", but nobody led within " + SUCCESSION,
              false));
    } else {
      if (now - sentNanos >= RELEASE_AGAIN.toNanos() && me.terms().highestSeen() <= role.term()) {
        send(to);
      }
      again(() -> await(to));
    }
  }

  private void again(Runnable task) {
    Scheduler.Cancellable _ = me.thread.after(POLL, task);
  }
}
