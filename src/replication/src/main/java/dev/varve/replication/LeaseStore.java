package dev.varve.replication;

import java.util.concurrent.CompletableFuture;

/**
 * The shard's Kubernetes Lease. It arbitrates who may try to become primary; safety does not rest
 * on it. Every call ends within seconds, if only by failing.
 */
public interface LeaseStore {

  /**
   * Reads the Lease; the answer is not from a cache. Fails if the API server does not answer or the
   * Lease does not exist.
   */
  CompletableFuture<LeaseView> read();

  /**
   * Replaces the Lease if it is still as {@code expected} was read, and returns what it is now,
   * with its new version. Fails with {@link LeaseConflictException} if it changed meanwhile; any
   * other failure leaves the outcome unknown.
   */
  CompletableFuture<LeaseView> compareAndSet(LeaseView expected, LeaseView next);
}
