package dev.varve.replication;

import java.util.concurrent.CompletableFuture;

/**
 * Carries requests to the other members of the shard. Nothing is guaranteed: a request may be lost,
 * late, doubled or overtaken by a later one. Keeping the order of the requests to one member, where
 * that is cheap, spares repeated sends.
 */
@FunctionalInterface
public interface Transport {

  /**
   * Sends a request to a member's {@link Member#handle}. The future completes, on any thread, with
   * its answer, or exceptionally if there will be none; or never: the caller sets its own time
   * limit.
   */
  CompletableFuture<Response> send(String memberName, Request request);
}
