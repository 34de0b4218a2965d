package dev.varve.node.rpc;

import com.google.protobuf.ByteString;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.QuorumUnavailableException;
import dev.varve.store.Appended;
import dev.varve.store.OutcomeUnknownException;
import dev.varve.store.StoreClosedException;
import dev.varve.store.StoreException;
import dev.varve.store.StorePoisonedException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/**
 * What became of the last appends that came with a client's id and a request id, so that one that
 * is sent again is not done again. In this process alone: another primary does not know them. One
 * whose outcome is unknown stays so for those who ask again.
 */
final class RememberedAppends {
  private final int max;
  private final Map<Request, CompletableFuture<Appended>> outcomes = new LinkedHashMap<>();

  /** Who asked for what. */
  record Request(String stream, ByteString clientId, long requestId) {}

  /**
   * @param max how many are remembered
   */
  RememberedAppends(int max) {
    this.max = max;
  }

  /** The outcome of the first one of these; does it if none is remembered. */
  CompletableFuture<Appended> once(Request request, Supplier<CompletableFuture<Appended>> append) {
    CompletableFuture<Appended> outcome = new CompletableFuture<>();
    synchronized (outcomes) {
      CompletableFuture<Appended> first = outcomes.putIfAbsent(request, outcome);
      if (first != null) {
        return first;
      }
      if (outcomes.size() > max) {
        outcomes.remove(outcomes.keySet().iterator().next());
      }
    }
    var _ =
        append
            .get()
            .whenComplete(
                (appended, failure) -> {
                  if (failure == null) {
                    outcome.complete(appended);
                    return;
                  }
                  if (isNotDone(failure)) {
                    synchronized (outcomes) {
                      outcomes.remove(request, outcome);
                    }
                  }
                  outcome.completeExceptionally(failure);
                });
    return outcome;
  }

  private static boolean isNotDone(Throwable failure) {
    Throwable cause = failure;
    if (failure instanceof CompletionException && failure.getCause() != null) {
      cause = failure.getCause();
    }
    return switch (cause) {
      case NotPrimaryException _ -> true;
      case QuorumUnavailableException e -> e.notApplied();
      case OutcomeUnknownException _, StorePoisonedException _, StoreClosedException _ -> false;
      case StoreException _ -> true;
      default -> false;
    };
  }
}
