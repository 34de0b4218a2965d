package dev.varve.replication;

import dev.varve.store.Appended;
import dev.varve.store.CheckpointResult;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionListener;
import dev.varve.store.CompactionRequest;
import dev.varve.store.RequestId;
import dev.varve.store.RetentionDecision;
import dev.varve.store.Store;
import dev.varve.store.TrimBound;
import dev.varve.store.TrimResult;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One member of a shard, as the process around it sees it: a store that is written through a
 * quorum. Every method may be called from any thread; none but {@link #compact}, {@link #trim},
 * {@link #retain} and {@link #close} blocks.
 */
public interface Member extends AutoCloseable {

  /** What the member is doing now; a snapshot, never older than one heartbeat. */
  MemberStatus status();

  /**
   * The open store, or null while there is none: before recovery ends, while an image is installed,
   * after damage.
   */
  @Nullable Store store();

  /**
   * Writes a batch on the primary. The future completes once the batch is durable on a majority of
   * the membership and visible to reads. It fails with {@link NotPrimaryException} or a {@link
   * QuorumUnavailableException} whose {@code notApplied} is true, and nothing was written; with one
   * whose {@code notApplied} is false, and the batch may or may not become visible later; or with
   * one of the store's own refusals, and nothing was written.
   */
  CompletableFuture<Written> write(WriteBatch batch);

  /**
   * Appends entries to a stream on the primary; completes and fails as {@link #write} does.
   *
   * @param request by what they are appended once, however often they are sent; null: each time
   */
  CompletableFuture<Appended> append(
      String stream, List<byte[]> payloads, @Nullable RequestId request);

  /**
   * Whether what is written from now on with a {@link RequestId} is applied once, however often it
   * is sent and whoever leads then. Once true it stays so.
   */
  boolean remembersRequests();

  /**
   * Trims a stream on the primary, on the caller's thread; on return that is committed.
   *
   * @throws NotPrimaryException if this member is not the serving primary, or was deposed before
   *     anything was done
   * @throws QuorumUnavailableException if the outcome is unknown
   */
  TrimResult trim(String stream, TrimBound bound, boolean approximate)
      throws IOException, NotPrimaryException, QuorumUnavailableException;

  /** Has the primary's retention decide, on the caller's thread; throws as {@link #trim} does. */
  List<RetentionDecision> retain()
      throws IOException, NotPrimaryException, QuorumUnavailableException;

  /**
   * Whether a read of {@link #store()} that starts now sees every acknowledged write: this member
   * is the serving primary, and a majority promised to follow no other for longer than the read may
   * rely on. Two volatile reads and the clock.
   */
  boolean readsAreFresh();

  /**
   * Makes sure that a read which starts after completion sees every write acknowledged before the
   * call, by one heartbeat round with a majority. Fails with {@link NotPrimaryException} or {@link
   * QuorumUnavailableException}.
   */
  CompletableFuture<Void> confirmReads();

  /**
   * For how long a read of {@link #store()} that starts now may miss what was acknowledged,
   * milliseconds, rounded up: on a replica since it last asked the primary for what it then had
   * applied, on a primary since a majority's promise ran out. {@link Long#MAX_VALUE} if unknown.
   */
  long staleMs();

  /**
   * Asks the primary how far it has committed, so that {@link #staleMs} sinks once that is applied
   * here. Returns at once; calls made before the answer ask no second time.
   */
  void askHowStale();

  /**
   * Compacts on the primary, on the caller's thread.
   *
   * @param expectedTerm the term that the caller means to act in; 0 leaves it unchecked
   * @throws NotPrimaryException if this member is not the serving primary, or was deposed meanwhile
   * @throws StaleTermException if {@code expectedTerm} is not this primary's term
   */
  CompactionEvent compact(
      long expectedTerm, CompactionRequest request, CompactionListener progress, CancelToken cancel)
      throws IOException, NotPrimaryException, StaleTermException;

  /** Appends a durable recovery point; fails as {@link #write} does. */
  CompletableFuture<CheckpointResult> checkpoint();

  /**
   * Hands the shard to another member, which then leads in a higher term. Completes when that is
   * heard: no write that this member took is left with an unknown outcome, and compactions under
   * way ended before, most with the reason {@code NotPrimary}. If {@code to} is this member and it
   * is the primary, nothing happens.
   *
   * <p>Fails with {@link HandOverRefusedException} if no replica can take over now, with {@link
   * NotPrimaryException} if this member is not the primary or was deposed meanwhile, with {@link
   * QuorumUnavailableException} whose {@code notApplied} is true if it has not begun to serve: then
   * nothing was handed over. With one whose {@code notApplied} is false, this member stopped
   * leading and nobody was heard to lead within 3 s; the others elect.
   *
   * @param to the name of the member that shall lead; null: the most advanced replica that can
   */
  CompletableFuture<HandedOver> stepDown(@Nullable String to);

  /**
   * {@link #stepDown} to whoever can, before this member is closed; besides, it takes no shard over
   * itself from now on.
   */
  default CompletableFuture<HandedOver> stepAside() {
    return stepDown(null);
  }

  /**
   * Answers a message that another member sent. Never fails: what cannot be done is answered with
   * {@link Response.Refused}.
   */
  CompletableFuture<Response> handle(Request request);

  /**
   * Stops serving, stops its promises from being relied on by answering no more, and closes the
   * store.
   */
  @Override
  void close();
}
