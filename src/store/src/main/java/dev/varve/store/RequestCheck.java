package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RequestCodec;
import dev.varve.store.manifest.ManifestState;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Tells a leader whether a request is new, was applied, or is on its way. For the writer. */
final class RequestCheck {
  private final LogTail tail;
  private final InFlight inFlight;

  RequestCheck(LogTail tail, InFlight inFlight) {
    this.tail = tail;
    this.inFlight = inFlight;
  }

  /** Whether requests are remembered at all: of a version that knew none nothing is known. */
  boolean remembers() {
    return tail.appended().requestHorizon() > 0;
  }

  /**
   * Sees to a request that is not new: {@code done} ends as the first one's does.
   *
   * @param home the keyspace that holds the requests of such batches
   * @param firstId told of the first entry's id, of a stream, before {@code done} ends
   * @return false if it is new
   * @throws RequestForgottenException if that is not certain
   */
  boolean answers(
      Keyspace home, RequestId request, LongConsumer firstId, CompletableFuture<Long> done)
      throws IOException {
    byte[] key = request.key();
    InFlight.Request staged = inFlight.request(home, key);
    if (staged != null) {
      if (staged.id() == request.id()) {
        firstId.accept(staged.firstId());
        follow(staged.batch(), done);
        return true;
      }
      requireNew(home, request, staged.id(), staged.batch().sequence());
      return false;
    }
    LogRecord applied = home.request(key);
    if (applied != null && RequestCodec.requestId(applied.value()) == request.id()) {
      firstId.accept(RequestCodec.firstId(applied.value()));
      done.complete(applied.sequence());
      return true;
    }
    requireNew(
        home,
        request,
        applied == null ? null : RequestCodec.requestId(applied.value()),
        applied == null ? 0 : applied.sequence());
    return false;
  }

  private void follow(Pending.Batch first, CompletableFuture<Long> done) {
    CompletableFuture<Long> waited = first.done();
    if (waited == null) {
      // Of an earlier term, and not committed yet.
      waited = new CompletableFuture<>();
      tail.attend(first, waited);
      inFlight.add(first.attended(waited));
    }
    CompletableFuture<Long> _ =
        waited.whenComplete(
            (sequence, failure) -> {
              if (failure == null) {
                done.complete(sequence);
              } else {
                done.completeExceptionally(failure);
              }
            });
  }

  /**
   * Had the request been applied and forgotten, that would have been at one of the sequences up to
   * which something is forgotten: those after the one that the client knew are higher.
   */
  private void requireNew(
      Keyspace home, RequestId request, @Nullable Long slotsId, long slotsSequence)
      throws RequestForgottenException {
    ManifestState.KeyspaceState state = tail.appended().keyspaces().get(home.name());
    long cutOff = state == null ? 0 : state.cutOff().sequence() - 1;
    long forgotten = Math.max(slotsSequence, Math.max(cutOff, tail.appended().requestHorizon()));
    boolean isNew =
        request.afterSequence() > 0
            ? request.afterSequence() >= forgotten
            : slotsId == null || Long.compareUnsigned(request.id(), slotsId) > 0;
    if (!isNew) {
      throw new RequestForgottenException(request, forgotten);
    }
  }
}
