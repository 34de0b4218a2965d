package dev.varve.replication;

import dev.varve.store.LogPosition;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Answers what other members send. Here is decided whom this member follows: no lower term, no
 * second holder of the same one, nobody new while a promise runs; and each term is persisted before
 * the answer that depends on it. On the scheduler only.
 */
final class RequestHandler {
  private final LocalMember me;
  private final FileSource files;

  RequestHandler(LocalMember me, FileSource files) {
    this.me = me;
    this.files = files;
  }

  CompletableFuture<Response> handle(Request request) {
    if (!me.begun() || me.role() instanceof Stopped) {
      return answered(new Response.Refused(0, me.role().detail()));
    }
    if (request.shard() != me.options.shard()) {
      return answered(new Response.Refused(0, "a member of shard " + me.options.shard()));
    }
    me.sawTerm(request.term());
    return switch (request) {
      case Request.PreVote preVote -> answered(preVote(preVote));
      case Request.Fence fence -> answered(fence(fence));
      case Request.Append append -> append(append);
      case Request.AskCommitted _ -> howFar();
      case Request.PrepareTakeOver ask -> prepareTakeOver(ask);
      case Request.Release release -> answered(release(release));
      case Request.InstallImage order -> answered(installImage(order));
      case Request.DescribeMember _ -> answered(describe());
      case Request.FetchEntries fetch -> answered(files.entries(fetch));
      case Request.OpenImage _ -> files.openImage();
      case Request.CheckFiles check -> files.sameFiles(check);
      case Request.GetFile get -> files.file(get);
      case Request.CloseImage close -> answered(files.closeImage(close));
    };
  }

  /**
   * A promise not to disturb a primary that a majority hears. Nothing is persisted, and the term is
   * not adopted. A member that could win instead of the candidate is called to stand itself.
   */
  private Response preVote(Request.PreVote request) {
    boolean granted =
        Votes.grantsPreVote(me.role() instanceof Primary, me.promises, me.thread.nowNanos());
    if (granted
        && me.role() instanceof Follower follower
        && me.quorum().includes(request.candidate())
        && request.last().compareTo(me.last()) < 0) {
      follower.called();
    }
    return new Response.PreVoteAnswer(
        me.term(),
        me.self(),
        granted,
        me.mayHaveAcknowledged(),
        granted ? "" : "hears a primary, or did lately");
  }

  private Response fence(Request.Fence request) {
    Votes.Fence decided =
        Votes.fence(
            me.terms().record(),
            me.role() instanceof Primary,
            me.promises,
            request.term(),
            request.candidate(),
            me.thread.nowNanos());
    @Nullable String refusal = decided.refusal();
    if (decided.granted()) {
      if (decided.persist() && !me.advance(request.term(), request.candidate())) {
        refusal = "could not persist the term";
      } else {
        me.promises.fenced(me.thread.nowNanos());
        if (decided.persist()) {
          me.forgetPrimary();
          if (!(me.role() instanceof Follower)) {
            me.become(new Follower(me));
          }
        }
      }
    }
    LogPosition last = me.mayHaveAcknowledged();
    return new Response.FenceAnswer(
        me.term(),
        me.self(),
        refusal == null,
        me.terms().record().holder(),
        last,
        me.isSource(),
        refusal == null ? "" : refusal);
  }

  /**
   * A primary answers once it is certain to be one, by a fresh promise or by a round of heartbeats
   * that began after the question. A replica answers with what it knows, and asks meanwhile.
   */
  private CompletableFuture<Response> howFar() {
    if (!(me.role() instanceof Primary leading)) {
      me.staleness().ask();
      return answered(
          new Response.CommittedAnswer(me.term(), me.appliedSequence(), me.staleness().staleMs()));
    }
    if (leading.readsAreFresh(me.thread.nowNanos())) {
      return answered(new Response.CommittedAnswer(me.term(), leading.committed(), 0));
    }
    CompletableFuture<Response> answer = new CompletableFuture<>();
    me.thread.when(
        leading.confirmReads(),
        confirmed ->
            answer.complete(new Response.CommittedAnswer(me.term(), leading.committed(), 0)),
        failure -> answer.complete(new Response.Refused(me.term(), failure.toString())));
    return answer;
  }

  /**
   * Whoever leads next must reach the Lease: asked before anything is released, so that an API
   * server that is away costs no primary.
   */
  private CompletableFuture<Response> prepareTakeOver(Request.PrepareTakeOver request) {
    @Nullable String obstacle = cannotTakeOver(request.term(), request.primary());
    if (obstacle != null) {
      return answered(takeOver(obstacle));
    }
    CompletableFuture<Response> answer = new CompletableFuture<>();
    me.thread.when(
        me.lease.read(),
        lease -> answer.complete(takeOver(cannotTakeOver(request.term(), request.primary()))),
        failure -> answer.complete(takeOver("cannot read the Lease: " + failure)));
    return answer;
  }

  private @Nullable String cannotTakeOver(long term, MemberId primary) {
    if (!me.terms().record().isOf(term, primary)) {
      return "follows term " + me.term();
    }
    return me.role() instanceof Follower follower ? follower.cannotLead() : me.role().detail();
  }

  private Response takeOver(@Nullable String obstacle) {
    return new Response.TakeOverAnswer(
        me.term(), me.self(), obstacle == null, obstacle == null ? "" : obstacle);
  }

  /** The promise to that primary in that very term ends; a successor leads at once if it can. */
  private Response release(Request.Release request) {
    if (!Votes.takesRelease(me.terms().record(), request.term(), request.primary())) {
      return takeOver("follows term " + me.term());
    }
    if (!me.promises.isReleased(request.term())) {
      me.promises.release(request.term(), me.thread.nowNanos());
      me.forgetPrimary();
    }
    if (!request.successor().equals(me.self())) {
      return takeOver(null);
    }
    @Nullable String obstacle = cannotTakeOver(request.term(), request.primary());
    if (obstacle == null) {
      me.become(Candidate.afterRelease(me));
    }
    return takeOver(obstacle);
  }

  private CompletableFuture<Response> append(Request.Append request) {
    if (!admit(request.term(), request.primary())) {
      return answered(
          new Response.AppendAnswer(
              me.term(),
              me.self(),
              Response.AppendOutcome.REFUSED,
              LogPosition.EMPTY,
              me.log.committed(),
              List.of(),
              me.last(),
              "follows term " + me.term(),
              true));
    }
    return me.role().append(request);
  }

  private Response installImage(Request.InstallImage request) {
    boolean accepted =
        admit(request.term(), request.primary())
            && me.role() instanceof Follower follower
            && follower.installImage(request.primary());
    return new Response.InstallImageAnswer(me.term(), me.self(), accepted);
  }

  /**
   * Whether the sender is the primary to follow; then its term is persisted and this member
   * follows.
   */
  private boolean admit(long term, MemberId primary) {
    if (!Votes.follows(me.terms().record(), me.promises, me.self(), term, primary)
        || !me.advance(term, primary)) {
      return false;
    }
    if (!(me.role() instanceof Follower)) {
      me.become(new Follower(me));
    }
    return true;
  }

  private Response describe() {
    return new Response.MemberDescription(
        me.term(),
        me.self(),
        me.options.cluster(),
        Bootstrap.isEmpty(me),
        me.primary(),
        me.last(),
        me.log.committed());
  }

  private static CompletableFuture<Response> answered(Response response) {
    return CompletableFuture.completedFuture(response);
  }
}
