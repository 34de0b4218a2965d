package dev.varve.replication;

import dev.varve.store.LogPosition;
import dev.varve.store.Store;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Tries to become primary: pre-votes of a majority, the next term by the Lease, a fence at a
 * majority, and the log of the most advanced of them. Whatever goes wrong, it follows again and
 * waits for its next turn.
 */
final class Candidate implements Role {
  private static final Duration FENCE_AGAIN = Duration.ofMillis(200);

  private final LocalMember me;
  private final Candidacies before;
  private final boolean released;
  private final Set<MemberId> preVotes = new HashSet<>();
  private final Set<String> preVotesAwaited = new HashSet<>();
  private final Map<MemberId, Response.FenceAnswer> fenced = new HashMap<>();
  private boolean moreAdvanced;
  private boolean preVoting = true;
  private boolean catchingUp;
  private long term;

  Candidate(LocalMember me, Candidacies before) {
    this(me, before, false);
  }

  private Candidate(LocalMember me, Candidacies before, boolean released) {
    this.me = me;
    this.before = before;
    this.released = released;
  }

  /** The primary has stopped and wants this member to follow it: nobody is disturbed. */
  static Candidate afterRelease(LocalMember me) {
    return new Candidate(me, Candidacies.NONE, true);
  }

  @Override
  public MemberRole kind() {
    return MemberRole.CANDIDATE;
  }

  @Override
  public String detail() {
    if (term == 0) {
      return preVoting ? "asking for pre-votes" : "taking the next term";
    }
    return (catchingUp ? "catching up in term " : "fencing a majority in term ") + term;
  }

  @Override
  public void enter() {
    Store store = me.store();
    if (store == null) {
      giveUp("no store is open", me.timing().electionMin());
      return;
    }
    me.log.open(store.log());
    if (released) {
      preVoting = false;
      takeTerm();
    } else {
      preVote();
    }
  }

  @Override
  public void leave() {
    me.log.close();
  }

  /**
   * Another is primary: {@link RequestHandler} makes this member follow it before it hands on the
   * message.
   */
  @Override
  public CompletableFuture<Response> append(Request.Append append) {
    return CompletableFuture.completedFuture(new Response.Refused(me.term(), detail()));
  }

  // --- 1. pre-votes: nobody is disturbed as long as a majority hears a primary ---

  private void preVote() {
    preVotes.add(me.self());
    preVotesAwaited.addAll(me.peers.names());
    for (String peer : me.peers.names()) {
      me.thread.when(
          me.peers.ask(
              peer,
              new Request.PreVote(me.options.shard(), me.term(), me.self(), me.last()),
              Response.PreVoteAnswer.class,
              me.timing().vote()),
          answer -> preVoted(peer, answer),
          failure -> preVoteEnded(peer));
    }
    decidePreVotes();
  }

  private void preVoted(String peer, Response.PreVoteAnswer answer) {
    if (me.quorum().includes(answer.member())) {
      if (answer.granted()) {
        preVotes.add(answer.member());
      }
      moreAdvanced |= answer.last().compareTo(me.last()) > 0;
    }
    preVoteEnded(peer);
  }

  private void preVoteEnded(String peer) {
    preVotesAwaited.remove(peer);
    decidePreVotes();
  }

  /**
   * As soon as a majority has granted or no longer can: a member that hangs delays nothing. An
   * answer that comes later would change nothing that matters. Were that member more advanced, the
   * fence learns of it, if what it has may be committed: the fenced majority holds all of that.
   */
  private void decidePreVotes() {
    if (!me.is(this) || !preVoting) {
      return;
    }
    Quorum quorum = me.quorum();
    if (quorum.reached(preVotes::contains)) {
      preVoting = false;
      if (moreAdvanced && !before.stoodBack()) {
        // It needs nothing from anybody, and this pre-vote called it to stand. One round for that.
        me.become(new Follower(me, me.timing().heartbeat(), before.withStandingBack()));
      } else {
        takeTerm();
      }
    } else if (!quorum.reached(
        member -> preVotes.contains(member) || preVotesAwaited.contains(member.name()))) {
      preVoting = false;
      Candidacies refused = before.withRefusal();
      giveUp("no majority grants a pre-vote", refused.pause(me.timing()), refused);
    }
  }

  // --- 2. the Lease: who may try in which term ---

  private void takeTerm() {
    me.thread.when(
        me.lease.read(),
        lease -> {
          if (!me.is(this)) {
            return;
          }
          if (lease.term() > me.terms().highestSeen()
              && lease.term() > before.yieldedTo()
              && !me.self().name().equals(lease.holder())) {
            // Whoever took it may be about to fence. A term above it would depose that primary as
            // soon as it serves; if it is gone, the next try finds the same term and goes on.
            giveUp(
                lease.holder() + " took term " + lease.term(),
                me.timing().heartbeat(),
                before.withYieldTo(lease.term()));
            return;
          }
          long next = Votes.next(me.terms().highestSeen(), lease.term());
          me.thread.when(
              me.lease.compareAndSet(
                  lease, lease.heldBy(me.self().name(), next, me.runtime.clock().nowMs())),
              taken -> fence(next),
              failure ->
                  giveUp(
                      "the Lease was not taken: " + failure,
                      failure instanceof LeaseConflictException
                          ? me.timing().heartbeat()
                          : me.timing().electionMin()));
        },
        failure -> giveUp("the Lease could not be read: " + failure, me.timing().electionMin()));
    timeLimit(me.timing().request().multipliedBy(2), "the Lease does not answer", 0);
  }

  // --- 3. fences ---

  private void fence(long taken) {
    if (!me.is(this)) {
      return;
    }
    if (!Votes.fencesItself(
        me.terms().record(), me.promises, taken, me.self(), me.thread.nowNanos())) {
      giveUp("promised otherwise meanwhile", Duration.ZERO);
      return;
    }
    if (!me.advance(taken, me.self())) {
      return;
    }
    term = taken;
    // As everybody it fences: nobody else is helped to begin meanwhile.
    me.promises.fenced(me.thread.nowNanos());
    me.changed();
    fenced.put(
        me.self(),
        new Response.FenceAnswer(
            taken, me.self(), true, me.self(), me.mayHaveAcknowledged(), me.isSource(), ""));
    timeLimit(me.timing().fencing(), "no majority was fenced in time", taken);
    askFences();
  }

  private void askFences() {
    for (String peer : me.peers.names()) {
      if (fenced.keySet().stream().noneMatch(member -> member.name().equals(peer))) {
        me.thread.when(
            me.peers.ask(
                peer,
                new Request.Fence(me.options.shard(), term, me.self()),
                Response.FenceAnswer.class,
                FENCE_AGAIN.multipliedBy(4)),
            this::fenceAnswered,
            failure -> me.note(System.Logger.Level.DEBUG, "no fence at " + peer + ": " + failure));
      }
    }
    decideFences();
    Scheduler.Cancellable _ =
        me.thread.after(
            FENCE_AGAIN,
            () -> {
              if (me.is(this) && !catchingUp) {
                askFences();
              }
            });
  }

  private void fenceAnswered(Response.FenceAnswer answer) {
    if (!me.is(this)) {
      return;
    }
    if (answer.granted()) {
      fenced.put(answer.member(), answer);
      decideFences();
    } else if (answer.term() >= term && !me.self().equals(answer.holder())) {
      giveUp(answer.member().name() + " follows term " + answer.term(), me.timing().heartbeat());
    }
  }

  /**
   * Leads once a majority is fenced and no fenced member has a more advanced log. Catching up may
   * bring another membership, so it is counted anew each time.
   */
  private void decideFences() {
    if (!me.is(this) || catchingUp) {
      return;
    }
    switch (FenceCount.decide(me.quorum(), me.self(), fenced, me.last(), me.isSource())) {
      case FenceCount.Verdict.Wait() -> {}
      case FenceCount.Verdict.Lead() -> lead();
      case FenceCount.Verdict.CatchUp(String source, LogPosition upTo) -> catchUp(source, upTo);
      case FenceCount.Verdict.NoSource(LogPosition upTo) ->
          giveUp("nobody can give the log up to " + upTo, me.timing().electionMin());
    }
  }

  // --- 4. the log of the most advanced ---

  private void catchUp(String source, LogPosition furthest) {
    Store store = me.store();
    if (store == null) {
      return;
    }
    catchingUp = true;
    me.changed();
    me.thread.when(
        new CatchUp(me.thread, me.peers, me.header(), me.log, store, source, me.timing().request())
            .upTo(furthest),
        reached -> {
          catchingUp = false;
          decideFences();
        },
        failure ->
            // The more advanced member can win without catching up: leave it the time to.
            giveUp(
                "could not catch up from " + source + ": " + failure,
                me.timing().electionMax().plus(me.timing().heartbeat())));
  }

  private void lead() {
    Store store = me.store();
    if (store == null) {
      return;
    }
    me.become(new Primary(me, store, term));
  }

  private void timeLimit(Duration limit, String reason, long inTerm) {
    Scheduler.Cancellable _ =
        me.thread.after(
            limit,
            () -> {
              if (term == inTerm && !catchingUp) {
                giveUp(reason, Duration.ZERO);
              }
            });
  }

  private void giveUp(String reason, Duration pause) {
    giveUp(reason, pause, before);
  }

  private void giveUp(String reason, Duration pause, Candidacies after) {
    if (me.is(this)) {
      me.note(System.Logger.Level.INFO, "gives up its candidacy: " + reason);
      me.become(new Follower(me, pause, after));
    }
  }
}
