package dev.varve.replication;

import dev.varve.replication.EarlyAppends.Offered;
import dev.varve.replication.Response.AppendOutcome;
import dev.varve.store.Attachment;
import dev.varve.store.Store;
import dev.varve.store.StorePoisonedException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Follows a primary, or waits for one: takes its entries, copies its files when it must, and after
 * a silence of random length wants to become primary itself.
 */
final class Follower implements Role {
  private static final Duration CALLED_SPREAD = Duration.ofMillis(50);

  private final LocalMember me;
  private final Duration pause;
  private final Bootstrap bootstrap;
  private Candidacies candidacies;
  private Scheduler.@Nullable Cancellable election;
  private long pausedUntilNanos;
  private @Nullable MemberId following;
  private long followingTerm;
  private @Nullable ImageCopy copy;
  private boolean fetching;

  /** Entries that wait for a run list; the primary bounds how many. */
  private final ArrayDeque<Offered> held = new ArrayDeque<>();

  private final EarlyAppends early;
  private boolean reopening;

  /** Why the last copy broke off, for people. */
  private String copyFailure = "";

  Follower(LocalMember me) {
    this(me, Duration.ZERO, Candidacies.NONE);
  }

  /**
   * @param pause how long it will not want to become primary, whatever it hears or does not
   * @param candidacies how it went before
   */
  Follower(LocalMember me, Duration pause, Candidacies candidacies) {
    this.me = me;
    this.pause = pause;
    this.candidacies = candidacies;
    this.bootstrap = new Bootstrap(me, this);
    this.early = new EarlyAppends(me.thread, late -> take(late.append(), late.answer()));
  }

  @Override
  public MemberRole kind() {
    return MemberRole.REPLICA;
  }

  @Override
  public String detail() {
    ImageCopy copying = copy;
    if (copying != null) {
      return copying.progress();
    }
    if (reopening) {
      return "opening the store";
    }
    MemberId primary = me.primary();
    if (primary != null && me.store() != null) {
      return "following " + primary.name();
    }
    if (me.store() == null) {
      return me.identity().imageNeeded()
          ? "damaged: waits for a primary to copy its files from" + copyFailure
          : "waits for a primary to finish copying files" + copyFailure;
    }
    return me.membership().isEmpty() ? "waiting for bootstrap" : "waiting for a primary";
  }

  @Override
  public void enter() {
    pausedUntilNanos = me.thread.nowNanos() + pause.toNanos();
    Store store = me.store();
    if (store != null) {
      me.log.open(store.log());
    }
    scheduleElection();
    bootstrap.start();
  }

  @Override
  public void leave() {
    if (election != null) {
      election.cancel();
    }
    me.log.close();
    held.addAll(early.removeAll());
    Offered waiting = held.poll();
    while (waiting != null) {
      waiting.answer().complete(new Response.Refused(me.term(), "no longer follows"));
      waiting = held.poll();
    }
  }

  /** Whether a copy of files is under way, so that what is here may be old. */
  boolean isCopying() {
    return copy != null || reopening || me.store() == null;
  }

  private boolean isPoisonedByDamage() {
    Store store = me.store();
    return store != null && store.log().poisonedByDamage();
  }

  /** Why this member could not take the shard over now; null if it could. */
  @Nullable String cannotLead() {
    if (isCopying() || fetching) {
      return "copies from another member";
    }
    Store store = me.store();
    if (store != null && !store.log().damaged().isEmpty()) {
      return "has damaged files";
    }
    if (!me.isVoter()) {
      return "has no vote";
    }
    if (!me.isSource()) {
      return "does not hold all that it acknowledged";
    }
    return me.stepsAside() ? "is being stopped" : null;
  }

  // --- the primary's messages ---

  @Override
  public CompletableFuture<Response> append(Request.Append append) {
    me.promises.promise(me.thread.nowNanos());
    candidacies = Candidacies.NONE;
    if (!append.primary().equals(following) || append.term() != followingTerm) {
      following = append.primary();
      followingTerm = append.term();
      me.log.forgetMatch();
    }
    me.follow(append.primary());
    if (isCopying() || (fetching && append.isHeartbeat())) {
      if (me.store() == null && copy == null && !reopening) {
        copyFrom(append.primary());
      }
      return answered(AppendOutcome.BUSY, detail());
    }
    if (append.isHeartbeat()) {
      me.log.match(append.previous());
      settle(append.committed());
      return answered(AppendOutcome.ACCEPTED, "");
    }
    CompletableFuture<Response> answer = new CompletableFuture<>();
    Offered offered = new Offered(append, answer);
    if (fetching) {
      held.add(offered);
    } else {
      offer(offered);
      offerEarly();
    }
    return answer;
  }

  /**
   * Entries whose run lists are missing are held until these are here: told to come again, the
   * primary would do so at the next heartbeat only, and commit nothing until then.
   */
  private void offer(Offered offered) {
    if (early.keeps(offered, me.log.tail().last())) {
      return;
    }
    Store store = me.store();
    List<Attachment> missing;
    try {
      missing = me.log.missingAttachments(offered.append().entries());
    } catch (IOException e) {
      me.note(System.Logger.Level.WARNING, "cannot tell which run lists are missing: " + e);
      offered.answer().complete(response(AppendOutcome.BUSY, "cannot tell what is missing"));
      return;
    }
    if (missing.isEmpty() || store == null) {
      take(offered.append(), offered.answer());
      return;
    }
    held.addFirst(offered);
    fetching = true;
    me.thread.when(
        new AttachmentFetch(
                me.thread,
                me.peers,
                me.header(),
                store.log(),
                offered.append().primary().name(),
                me.timing().request())
            .start(missing),
        done -> fetched(),
        this::fetchFailed);
  }

  /** What waited for run lists follows in the order in which it came. */
  private void fetched() {
    fetching = false;
    while (!fetching && !held.isEmpty()) {
      offerIfFollowing(held.remove());
    }
    offerEarly();
  }

  /** What came too early follows once what it continues is here. */
  private void offerEarly() {
    Offered next = fetching ? null : early.next(me.log.tail().last().sequence());
    while (next != null) {
      offerIfFollowing(next);
      next = fetching ? null : early.next(me.log.tail().last().sequence());
    }
  }

  private void offerIfFollowing(Offered offered) {
    if (isCopying() || !follows(offered.append())) {
      offered.answer().complete(new Response.Refused(me.term(), "no longer follows so"));
    } else {
      offer(offered);
    }
  }

  private boolean follows(Request.Append append) {
    return append.primary().equals(following)
        && append.term() == followingTerm
        && me.terms().record().admits(append.term(), append.primary());
  }

  private void fetchFailed(Throwable failure) {
    fetching = false;
    me.note(System.Logger.Level.WARNING, "could not fetch run lists: " + failure);
    while (!held.isEmpty()) {
      held.remove().answer().complete(response(AppendOutcome.BUSY, "could not fetch run lists"));
    }
  }

  private void take(Request.Append append, CompletableFuture<Response> answer) {
    me.thread.when(
        me.log.take(append.previous(), append.entries()),
        taken -> {
          if (me.is(this) && following != null && following.equals(append.primary())) {
            settle(append.committed());
          }
          stopIfPoisoned();
          if (me.log.needsImage() && me.is(this) && !isCopying()) {
            copyFrom(append.primary());
          }
          answer.complete(answer(append, taken));
        },
        failure -> {
          if (isPoisonedByDamage()) {
            answer.complete(response(AppendOutcome.BUSY, "met a damaged record"));
          } else {
            me.stop("the log", failure);
          }
        });
  }

  private Response answer(Request.Append append, FollowerLog.Taken taken) {
    // The role may have been left meanwhile: then what was durable under this primary is not known
    // to be so any more.
    boolean still = me.is(this) && me.terms().record().admits(append.term(), append.primary());
    return still
        ? response(taken.outcome(), taken.detail())
        : new Response.Refused(me.term(), "no longer follows " + append.primary().name());
  }

  private CompletableFuture<Response> answered(AppendOutcome outcome, String detail) {
    return CompletableFuture.completedFuture(response(outcome, detail));
  }

  private Response response(AppendOutcome outcome, String detail) {
    if (me.log.durableMatch().sequence() > 0 && !me.acknowledges()) {
      return new Response.Refused(me.term(), "stopped");
    }
    return new Response.AppendAnswer(
        me.term(),
        me.self(),
        outcome,
        me.log.durableMatch(),
        me.log.committed(),
        outcome == AppendOutcome.MISMATCH ? me.log.tail().starts() : List.of(),
        me.log.tail().last(),
        detail,
        true);
  }

  private void settle(long committed) {
    me.log.commit(committed);
    try {
      me.prior().reachedBy(me.last());
    } catch (IOException e) {
      me.stop("the prior position could not be removed", e);
    }
  }

  private void stopIfPoisoned() {
    var state = me.logState();
    if (state != null && state.poisoned() && !isPoisonedByDamage()) {
      me.stop(
          "the store is poisoned",
          new StorePoisonedException(new IOException("a write or sync failed")));
    }
  }

  // --- images ---

  /** The primary no longer has the entries that are missing here. */
  boolean installImage(MemberId from) {
    if (isCopying() || fetching) {
      return copy != null;
    }
    copyFrom(from);
    return true;
  }

  /** What is damaged here can be had in no other way. */
  void copyForDamage(MemberId from) {
    if (!isCopying() && !fetching && !from.equals(me.self())) {
      copyFrom(from);
    }
  }

  private void copyFrom(MemberId from) {
    try {
      // Before the first file is touched: what was acknowledged from here is a promise to every
      // later primary.
      me.prior().remember(me.last());
    } catch (IOException e) {
      me.stop("the prior position could not be persisted", e);
      return;
    }
    ImageCopy starting =
        new ImageCopy(
            me.thread,
            me.peers,
            me.header(),
            me.storage,
            me.self(),
            from.name(),
            me.timing().request());
    copy = starting;
    me.log.close();
    me.note(System.Logger.Level.INFO, "copies files from " + from.name());
    me.thread.blocking(
        () -> {
          me.local.close();
          return starting;
        },
        closed ->
            me.thread.when(starting.start(), copied -> reopen(), failure -> copyFailed(failure)),
        failure -> me.stop("the store could not be closed", failure));
  }

  /**
   * Tried again when the primary is heard next: if the store can be opened as it was, it follows
   * with that meanwhile.
   */
  private void copyFailed(Throwable failure) {
    me.note(System.Logger.Level.WARNING, "copying files broke off: " + failure);
    copyFailure = "; the last copy broke off: " + failure.getMessage();
    copy = null;
    me.changed();
  }

  private void reopen() {
    copy = null;
    if (!me.change(me.identity().withImage())) {
      return;
    }
    reopening = true;
    me.thread.blocking(
        me.local::open,
        store -> {
          reopening = false;
          if (me.is(this)) {
            me.opened(store);
            me.log.open(store.log());
            me.note(System.Logger.Level.INFO, "has copied all files, and ends at " + me.last());
          }
          me.changed();
        },
        failure -> me.stop("the copied files could not be opened", failure));
  }

  // --- elections ---

  private void scheduleElection() {
    long now = me.thread.nowNanos();
    long silent = me.promises.heardNanos() + me.timing().electionMin().toNanos();
    long wait = Math.max(0, Math.max(silent - now, pausedUntilNanos - now));
    standIn(wait, me.timing().electionMax().minus(me.timing().electionMin()));
  }

  /** After so long, and a random part of {@code spread}: that seldom two stand at once. */
  private void standIn(long waitNanos, Duration spread) {
    if (election != null) {
      election.cancel();
    }
    long delay = waitNanos + 1 + me.runtime.random().nextLong(spread.toNanos());
    election = me.thread.after(Duration.ofNanos(delay), this::silent);
  }

  /**
   * A member with less of the log asked for a pre-vote and was granted it: no primary is heard, and
   * this one would win without taking anything from anybody. It need not wait for its own timer; a
   * pause, which has its reason, it keeps.
   */
  void called() {
    standIn(Math.max(0, pausedUntilNanos - me.thread.nowNanos()), CALLED_SPREAD);
  }

  private void silent() {
    if (!me.is(this)) {
      return;
    }
    long now = me.thread.nowNanos();
    long quiet = now - me.promises.heardNanos();
    if (quiet < me.timing().electionMin().toNanos()
        || !me.promises.allowPreVote(now)
        || isCopying()
        || fetching
        || !me.isVoter()
        || !me.isSource()
        || isPoisonedByDamage()) {
      scheduleElection();
      return;
    }
    me.forgetPrimary();
    me.become(new Candidate(me, candidacies));
  }
}
