package dev.varve.replication;

import dev.varve.store.LogEntry;
import dev.varve.store.LogListener;
import dev.varve.store.LogPosition;
import dev.varve.store.LogState;
import dev.varve.store.ShardLog;
import dev.varve.store.Store;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Leads the shard in one term: appends the term's first record, serves once that is committed,
 * counts what is durable where, and stops as soon as a higher term shows or no majority answers.
 */
final class Primary implements Role {
  private static final Duration APPLY_POLL = Duration.ofMillis(2);

  private record Confirmation(long askedNanos, CompletableFuture<Void> done) {}

  private final LocalMember me;
  private final Store store;
  private final ShardLog log;
  private final long term;
  private final Shipping shipping;
  private final LeaseKeeper leaseKeeper;
  private final MembershipKeeper membershipKeeper;
  private final RequestsGate requestsGate;
  private final WorkGate writes = new WorkGate();
  private final WorkGate compactions = new WorkGate();
  private final List<Confirmation> confirmations = new ArrayList<>();
  private final long enteredNanos;
  private Scheduler.Cancellable beat = () -> {};
  private @Nullable HandOver handOver;
  private long termStartSequence = Long.MAX_VALUE;
  private long durable;
  private long committed;
  private boolean awaitingApply;
  private volatile boolean serving;
  private volatile long freshUntilNanos = Long.MIN_VALUE;

  Primary(LocalMember me, Store store, long term) {
    this.me = me;
    this.store = store;
    this.log = store.log();
    this.term = term;
    this.enteredNanos = me.thread.nowNanos();
    LogState state = log.state();
    this.committed = state.committed();
    this.shipping = new Shipping(me, log, term, TermStarts.of(state), this::acknowledged);
    this.leaseKeeper = new LeaseKeeper(me, this);
    this.membershipKeeper = new MembershipKeeper(me, this, log, shipping);
    this.requestsGate = new RequestsGate(me, this, store, shipping);
  }

  long term() {
    return term;
  }

  Store store() {
    return store;
  }

  /** From any thread. */
  boolean serving() {
    return serving;
  }

  /** From any thread: whether a read that starts now sees every acknowledged write. */
  boolean readsAreFresh(long nowNanos) {
    return serving && nowNanos < freshUntilNanos;
  }

  /** From any thread: for how long this may no longer be the primary, milliseconds. */
  long staleMs(long nowNanos) {
    long until = freshUntilNanos;
    return until == Long.MIN_VALUE
        ? Long.MAX_VALUE
        : Math.ceilDiv(Math.max(nowNanos - until, 0), 1_000_000);
  }

  Shipping shipping() {
    return shipping;
  }

  /** Everything that appends to the log for a caller passes here. */
  WorkGate writes() {
    return writes;
  }

  WorkGate compactions() {
    return compactions;
  }

  long committed() {
    return committed;
  }

  /**
   * @param changing whether a change is proposed and not known to be committed
   */
  boolean mayChangeMembers(boolean changing) {
    return MembershipRule.mayChange(termStartSequence, committed, changing);
  }

  /** Whether the membership must stay as it is. */
  boolean isHandingOver() {
    HandOver current = handOver;
    return current != null && !current.isEnded();
  }

  /** Hands the shard over; see {@link HandOver#start}. */
  CompletableFuture<HandedOver> stepDown(@Nullable String to) {
    if (me.self().name().equals(to)) {
      return CompletableFuture.completedFuture(new HandedOver(me.self().name(), term));
    }
    if (!serving) {
      return CompletableFuture.failedFuture(
          new QuorumUnavailableException("the primary has not begun to serve", true));
    }
    if (isHandingOver()) {
      return CompletableFuture.failedFuture(
          new HandOverRefusedException(
              HandOverRefusedException.Kind.NOT_NOW, "is handing over already"));
    }
    HandOver starting = new HandOver(me, this, log, shipping, membershipKeeper);
    handOver = starting;
    return starting.start(to);
  }

  @Override
  public MemberRole kind() {
    return MemberRole.PRIMARY;
  }

  @Override
  public String detail() {
    return serving ? "serving" : "committing the first record of term " + term;
  }

  @Override
  public void enter() {
    me.follow(me.self());
    me.thread.when(
        log.lead(term, listener()),
        state -> {},
        failure -> depose("the log cannot be led: " + failure));
    leaseKeeper.start();
    beat();
  }

  /**
   * What is not committed fails with an unknown outcome; its bytes stay in the log until a later
   * primary decides.
   */
  @Override
  public void leave() {
    if (serving && freshUntilNanos != Long.MIN_VALUE) {
      me.staleness().complete(committed, Math.min(me.thread.nowNanos(), freshUntilNanos));
    }
    serving = false;
    freshUntilNanos = Long.MIN_VALUE;
    beat.cancel();
    shipping.stop();
    me.log.waitFor(log, log.resign());
    NotPrimaryException deposed = new NotPrimaryException(null, null, me.term());
    confirmations.forEach(waiting -> waiting.done().completeExceptionally(deposed));
    confirmations.clear();
    if (handOver != null) {
      handOver.left();
    }
  }

  /** Nobody else can be primary in this term, and a higher one made this member follow before. */
  @Override
  public CompletableFuture<Response> append(Request.Append append) {
    return CompletableFuture.completedFuture(
        new Response.Refused(me.term(), "is itself the primary of term " + term));
  }

  void depose(String reason) {
    if (me.is(this)) {
      me.note(System.Logger.Level.WARNING, "resigns in term " + term + ": " + reason);
      me.forgetPrimary();
      // It heard no primary but itself, for hours perhaps: others get the time that they would
      // have.
      me.become(new Follower(me, me.timing().electionMin(), Candidacies.NONE));
    }
  }

  // --- the log, as the store tells of it ---

  private LogListener listener() {
    return new LogListener() {
      @Override
      public void appended(List<LogEntry> group) {
        LogPosition first = new LogPosition(group.getFirst().term(), group.getFirst().sequence());
        LogPosition last = new LogPosition(group.getLast().term(), group.getLast().sequence());
        me.thread.run(() -> grown(first, last));
      }

      @Override
      public void durable(long sequence) {
        me.thread.run(() -> durableHere(sequence));
      }

      @Override
      public void failed(Throwable cause) {
        me.thread.run(() -> stopped(cause));
      }
    };
  }

  /** After damage another one leads, and gives this member what it cannot read; see SelfRepair. */
  private void stopped(Throwable cause) {
    if (log.poisonedByDamage()) {
      depose("damage was met: " + cause.getMessage());
    } else {
      me.stop("the store is poisoned", cause);
    }
  }

  private void grown(LogPosition first, LogPosition last) {
    if (me.is(this)) {
      // The first entry that a term writes is its start.
      termStartSequence = Math.min(termStartSequence, first.sequence());
      shipping.appended(first, last);
    }
  }

  private void durableHere(long sequence) {
    if (me.is(this) && me.acknowledges()) {
      durable = Math.max(durable, sequence);
      decideCommit();
    }
  }

  // --- commit ---

  private void acknowledged() {
    if (!me.is(this)) {
      return;
    }
    freshUntilNanos = ReadPromise.freshUntilNanos(me.quorum(), me.timing(), this::acknowledgedSend);
    confirm();
    decideCommit();
  }

  private long acknowledgedSend(MemberId member) {
    if (member.equals(me.self())) {
      return me.thread.nowNanos();
    }
    Progress there = shipping.of(member);
    return there == null ? Long.MIN_VALUE : there.acknowledgedSendNanos();
  }

  private long durableAt(MemberId member) {
    if (member.equals(me.self())) {
      return durable;
    }
    Progress there = shipping.of(member);
    return there == null ? 0 : there.acknowledged();
  }

  private void decideCommit() {
    long now = CommitRule.committed(me.quorum(), termStartSequence, committed, this::durableAt);
    if (now > committed) {
      committed = now;
      shipping.committed(now);
      log.commit(now);
      me.follow(me.self());
    }
    if (!serving && !awaitingApply && committed >= termStartSequence) {
      awaitingApply = true;
      serveOnceApplied();
    }
  }

  /** What earlier primaries acknowledged must be readable before the first read is answered. */
  private void serveOnceApplied() {
    if (!me.is(this)) {
      return;
    }
    if (log.state().applied() < termStartSequence) {
      Scheduler.Cancellable _ = me.thread.after(APPLY_POLL, this::serveOnceApplied);
      return;
    }
    serving = true;
    me.note(System.Logger.Level.INFO, "serves in term " + term);
    membershipKeeper.start();
    requestsGate.start();
    me.changed();
  }

  // --- heartbeats, and the majority they show ---

  private void beat() {
    if (!me.is(this)) {
      return;
    }
    long heard = me.quorum().reachedByMajority(this::acknowledgedSend);
    long since = heard == Long.MIN_VALUE ? enteredNanos : Math.max(heard, enteredNanos);
    if (me.thread.nowNanos() - since > me.timing().quorumLost().toNanos()) {
      depose("no majority has answered for " + me.timing().quorumLost());
      return;
    }
    shipping.heartbeat();
    acknowledged();
    me.changed();
    beat = me.thread.after(me.timing().heartbeat(), this::beat);
  }

  /** Completes once a majority has acknowledged a heartbeat sent from now on. */
  CompletableFuture<Void> confirmReads() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    confirmations.add(new Confirmation(me.thread.nowNanos(), done));
    shipping.heartbeat();
    confirm();
    return done;
  }

  private void confirm() {
    if (!serving || confirmations.isEmpty()) {
      return;
    }
    long heard = me.quorum().reachedByMajority(this::acknowledgedSend);
    confirmations.removeIf(
        waiting -> {
          if (waiting.done().isDone()) {
            return true;
          }
          boolean confirmed = heard != Long.MIN_VALUE && heard - waiting.askedNanos() >= 0;
          if (confirmed) {
            waiting.done().complete(null);
          }
          return confirmed;
        });
  }
}
