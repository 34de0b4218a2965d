package dev.varve.node.rpc;

import com.google.protobuf.ByteString;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.QuorumUnavailableException;
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
 * What became of the last requests that came with a client's id and a request id, so that one that
 * is sent again is not done again. In this process alone: another primary does not know them. One
 * whose outcome is unknown stays so for those who ask again. For several threads.
 *
 * @param <T> what a request leads to
 */
final class RememberedRequests<T> {
  /** How many requests are remembered: what 100 clients may have under way, 100 times over. */
  static final int MAX = 10_000;

  private static final int CLIENT_ID_BYTES = 16;

  private final int max;
  private final Map<Request, CompletableFuture<T>> outcomes = new LinkedHashMap<>();

  /**
   * Who asked for what.
   *
   * @param scope what request ids are counted for: a stream, or "" for batches of mutations
   */
  record Request(String scope, ByteString clientId, long requestId) {}

  /**
   * @param max how many are remembered
   */
  RememberedRequests(int max) {
    this.max = max;
  }

  /**
   * The outcome of the first request of these ids; does it if none is remembered, or if the client
   * gave no ids.
   *
   * @throws RefusedException if the client's id has another length than 16 bytes
   */
  CompletableFuture<T> once(
      String scope, ByteString clientId, long requestId, Supplier<CompletableFuture<T>> action)
      throws RefusedException {
    if (!clientId.isEmpty() && clientId.size() != CLIENT_ID_BYTES) {
      throw RefusedException.invalid("client_id", "it has 16 bytes, this one " + clientId.size());
    }
    return clientId.isEmpty() || requestId == 0
        ? action.get()
        : once(new Request(scope, clientId, requestId), action);
  }

  private CompletableFuture<T> once(Request request, Supplier<CompletableFuture<T>> action) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    synchronized (outcomes) {
      CompletableFuture<T> first = outcomes.putIfAbsent(request, outcome);
      if (first != null) {
        return first;
      }
      if (outcomes.size() > max) {
        outcomes.remove(outcomes.keySet().iterator().next());
      }
    }
    var _ =
        action
            .get()
            .whenComplete(
                (done, failure) -> {
                  if (failure == null) {
                    outcome.complete(done);
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
