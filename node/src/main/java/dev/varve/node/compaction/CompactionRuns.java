package dev.varve.node.compaction;

import dev.varve.replication.Member;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.StaleTermException;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionListener;
import dev.varve.store.CompactionRequest;
import dev.varve.store.Store;
import dev.varve.store.compaction.CancelToken;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The compactions of this process, whoever asked for them. A run id names one run of a keyspace for
 * good: asked for again, it answers with what became of the first, also after a restart.
 */
public final class CompactionRuns implements AutoCloseable {
  /** As many events as a store keeps. */
  private static final int EVENTS = 1000;

  /** Why runs end when the node stops. */
  public static final String SHUTTING_DOWN = "ShuttingDown";

  private static final Duration ROLLBACK = Duration.ofSeconds(10);
  private static final Logger LOG = Logger.getLogger(CompactionRuns.class);

  private final Member member;
  private final CompactionMetrics metrics;
  private final Map<Run, CompletableFuture<CompactionEvent>> running = new ConcurrentHashMap<>();
  private final Set<CancelToken> tokens = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private record Run(String runId, String keyspace) {}

  public CompactionRuns(Member member, CompactionMetrics metrics) {
    this.member = member;
    this.metrics = metrics;
  }

  /** How a run of {@code runId} ended on {@code keyspace}, if it has. */
  public Optional<CompactionEvent> outcome(Store store, String runId, String keyspace) {
    List<CompactionEvent> events = store.events(EVENTS);
    return events.stream()
        .filter(event -> event.runId().equals(runId) && event.keyspace().equals(keyspace))
        .filter(event -> event.type().ends())
        .findFirst();
  }

  /**
   * Compacts a keyspace on the caller's thread, and returns how it ended. If a run of the same id
   * is under way, waits for its end instead.
   *
   * @throws NotPrimaryException if this member is not the primary
   * @throws StaleTermException if it serves in another term
   * @throws IOException if the run failed before it could record an outcome
   */
  public CompactionEvent run(
      long expectedTerm, CompactionRequest request, CompactionListener progress, CancelToken cancel)
      throws IOException, NotPrimaryException, StaleTermException {
    Run run = new Run(request.runId(), request.options().keyspace());
    CompletableFuture<CompactionEvent> ending = new CompletableFuture<>();
    @Nullable CompletableFuture<CompactionEvent> other = running.putIfAbsent(run, ending);
    if (other != null) {
      return await(other);
    }
    tokens.add(cancel);
    if (closed) {
      cancel.cancel(SHUTTING_DOWN);
    }
    try {
      CompactionEvent end = member.compact(expectedTerm, request, progress, cancel);
      metrics.ended(end);
      finished(run, cancel);
      ending.complete(end);
      return end;
    } catch (IOException | NotPrimaryException | StaleTermException | RuntimeException | Error e) {
      finished(run, cancel);
      ending.completeExceptionally(e);
      throw e;
    }
  }

  /** Counts a look of the node's own at a keyspace. */
  void looked(String keyspace, boolean compacts, String reason) {
    metrics.looked(keyspace, compacts, reason);
  }

  private void finished(Run run, CancelToken cancel) {
    tokens.remove(cancel);
    running.remove(run);
  }

  private static CompactionEvent await(CompletableFuture<CompactionEvent> other)
      throws IOException, NotPrimaryException, StaleTermException {
    try {
      return other.join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case IOException cause -> throw cause;
        case NotPrimaryException cause -> throw cause;
        case StaleTermException cause -> throw cause;
        case null, default -> throw e;
      }
    }
  }

  /** Stops the runs under way, which rolls them back; new ones stop at once. */
  public void stop() {
    closed = true;
    tokens.forEach(token -> token.cancel(SHUTTING_DOWN));
  }

  /** {@link #stop}, and waits until no run uses the store any more, up to 10 s. */
  @Override
  public void close() {
    stop();
    CompletableFuture<?>[] endings = running.values().toArray(CompletableFuture[]::new);
    try {
      CompletableFuture.allOf(endings)
          .handle((_, _) -> true)
          .get(ROLLBACK.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.warnf("compactions %s did not stop within %s", running.keySet(), ROLLBACK);
    }
  }
}
