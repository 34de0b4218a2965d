package dev.varve.node.rpc;

import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.replication.NotPrimaryException;
import dev.varve.store.Store;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Says when a read may start here: on the primary once it is certain to be one, on a replica only
 * for those who allow stale answers, and then not before it is as far as they ask.
 */
final class ReadAdmission {
  /** For how long a read waits until this member is as far as asked. */
  static final Duration PATIENCE = Duration.ofSeconds(1);

  private static final long RECHECK_MS = 5;

  private final Member member;
  private final ScheduledExecutorService timer;

  ReadAdmission(Member member, ScheduledExecutorService timer) {
    this.member = member;
    this.timer = timer;
  }

  /**
   * How far a read wants its member to be.
   *
   * @param allowStale whether a replica may answer
   * @param minSequence the least sequence that the answer must have seen; 0: any
   * @param maxStaleMs how long ago the answer may have been the newest, on a replica; 0: any
   */
  record Wish(boolean allowStale, long minSequence, long maxStaleMs) {}

  /** Completes with the store to read once the read may start; never blocks. */
  CompletableFuture<Store> admit(Wish wish) {
    if (member.readsAreFresh()) {
      return reached(wish, true);
    }
    MemberStatus status = member.status();
    if (status.role() == MemberRole.PRIMARY) {
      return member
          .confirmReads()
          .handle((_, failure) -> failure)
          .thenCompose(
              failure -> {
                if (failure == null) {
                  return reached(wish, true);
                }
                return wish.allowStale()
                    ? reached(wish, false)
                    : CompletableFuture.failedFuture(failure);
              });
    }
    return wish.allowStale()
        ? reached(wish, false)
        : CompletableFuture.failedFuture(
            new NotPrimaryException(status.primary(), status.primaryAddress(), status.term()));
  }

  private CompletableFuture<Store> reached(Wish wish, boolean fresh) {
    @Nullable Store store = member.store();
    if (store != null && isReached(store, wish, fresh)) {
      return CompletableFuture.completedFuture(store);
    }
    CompletableFuture<Store> admitted = new CompletableFuture<>();
    recheck(wish, fresh, System.nanoTime() + PATIENCE.toNanos(), admitted);
    return admitted;
  }

  private void recheck(
      Wish wish, boolean fresh, long deadlineNanos, CompletableFuture<Store> admitted) {
    @Nullable Store store = member.store();
    if (store != null && isReached(store, wish, fresh)) {
      admitted.complete(store);
      return;
    }
    if (System.nanoTime() - deadlineNanos < 0) {
      var _ =
          timer.schedule(
              () -> recheck(wish, fresh, deadlineNanos, admitted),
              RECHECK_MS,
              TimeUnit.MILLISECONDS);
      return;
    }
    if (store == null) {
      admitted.completeExceptionally(
          new RefusedException(
              Reason.NOT_READY,
              "the member has no open store: " + member.status().detail(),
              Map.of()));
      return;
    }
    long sequence = store.log().state().applied();
    admitted.completeExceptionally(
        new RefusedException(
            Reason.REPLICA_BEHIND,
            "the member is at sequence " + sequence + " and not as far as asked after 1 s",
            Map.of("sequence", Long.toString(sequence))));
  }

  private boolean isReached(Store store, Wish wish, boolean fresh) {
    if (wish.minSequence() != 0
        && Long.compareUnsigned(store.log().state().applied(), wish.minSequence()) < 0) {
      return false;
    }
    if (fresh || wish.maxStaleMs() == 0 || member.staleMs() <= wish.maxStaleMs()) {
      return true;
    }
    member.askHowStale();
    return false;
  }
}
