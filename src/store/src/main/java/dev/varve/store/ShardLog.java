package dev.varve.store;

import dev.varve.store.manifest.Edit;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The shard's log, as a replication protocol drives it. The log knows terms and what is committed,
 * but nothing of members and quorums: it believes what it is told.
 *
 * <p>Every method may be called from any thread. Those that return a future are done one after the
 * other, in the order of the calls, on the store's writer; their futures complete there, so their
 * dependents must not block. After {@link LogState#poisoned} all of them fail with {@link
 * StorePoisonedException}, after close with {@link StoreClosedException}.
 */
public interface ShardLog {
  /** The log now. What is said to be durable is. */
  LogState state();

  /**
   * Appends what a leader wrote: the same bytes at the same offsets. On completion all of it is
   * durable here; nothing of it is visible before {@link #commit}. Entries that the log already
   * holds under the same term are passed over. After a failure other than poisoning nothing of the
   * call's entries remains.
   *
   * <p>Fails with {@link LogGapException} when the first entry does not continue the log or a term
   * goes back, {@link LogDivergedException} when the entries contradict themselves or this log (a
   * CRC, an offset, a sealed segment's CRC), {@link MissingAttachmentException} when a run list is
   * not here yet, {@link StoreFullException} when the disk is full or a keyspace's index can tell
   * no more segments apart, {@link IllegalStateException} while leading.
   */
  CompletableFuture<LogState> append(List<LogEntry> entries);

  /**
   * Removes everything after {@code lastSequenceKept}, uncommitted rolls and edits with it; durable
   * on completion, redone after a crash in between. Fails with {@link IllegalArgumentException}
   * below the committed sequence and {@link IllegalStateException} while leading.
   */
  CompletableFuture<LogState> cut(long lastSequenceKept);

  /**
   * Everything up to {@code sequence} is committed. Applied asynchronously and in order; lower
   * sequences than already known are ignored, those past the last appended count up to it.
   */
  void commit(long sequence);

  /**
   * Starts a term: appends its term-start edit and, after it, edits for the keyspaces of the
   * options that do not exist yet. Writes are accepted from then on. Completes when that is durable
   * here, not when it is committed. Fails with {@link IllegalArgumentException} unless {@code term}
   * is above the last record's.
   */
  CompletableFuture<LogState> lead(long term, LogListener listener);

  /**
   * Stops leading. On completion no further group is written in this term; writes and proposals
   * that are not committed fail with {@link OutcomeUnknownException}, those not yet written with
   * {@link NotLeaderException}; the written bytes stay in the log, uncommitted.
   */
  CompletableFuture<Void> resign();

  /** Leader only: changes the members. Completes with its sequence when committed. */
  CompletableFuture<Long> propose(Edit.Membership change);

  /**
   * The entries after {@code afterSequence}, up to {@code maxBytes} but at least one, from a
   * bounded window of recent ones; empty when there are none; null when they are no longer in the
   * window and only {@link #image} helps.
   */
  @Nullable List<LogEntry> read(long afterSequence, int maxBytes);

  /**
   * Pins the store at its committed sequence, for another member to copy.
   *
   * @throws dev.varve.store.recovery.CorruptionException if a file of it is known to be damaged
   */
  StoreImage image() throws IOException;

  /**
   * Reads bytes of a file that an image, an attachment or an edit named. Returns how many; 0 at the
   * file's end.
   *
   * @throws java.nio.file.NoSuchFileException when it is not here (any more)
   */
  int read(String path, long offset, ByteBuffer target) throws IOException;

  /** CRC32C of the first {@code length} bytes of such a file. */
  int crc(String path, long length) throws IOException;

  /**
   * A file was found not to be what was written: nobody shall copy it from here.
   *
   * @param reason what is wrong with it, for people
   */
  void noteDamage(String path, String reason);

  /** What is damaged: by the file's path what is wrong with it. */
  Map<String, String> damaged();

  /**
   * Gets a damaged file anew from where {@link #fetchWith} says, and puts it in its place once it
   * is what the manifest says and durable: reads go on meanwhile, and find what was written from
   * then on. A file that is whole, or of no segment any more, is no longer said to be damaged.
   * Blocks.
   *
   * @throws IOException if nobody could give it, or it is appended to, so that only an {@link
   *     #image} brings it; nothing has changed then
   */
  void repair(String path) throws IOException;

  /**
   * Whether the store is poisoned because a committed entry met a damaged record, not because the
   * disk failed: what was synced is durable.
   */
  boolean poisonedByDamage();

  /** The attachments that these entries name and this member lacks. */
  List<Attachment> missingAttachments(List<LogEntry> entries) throws IOException;

  /**
   * Stores an attachment; durable on return. What is received is checked against length and CRC.
   * Blocks on the source. On failure nothing remains of it.
   */
  void installAttachment(Attachment attachment, ByteSource source) throws IOException;

  /**
   * Where to get files that adoption can't rebuild here. Adoptions that wait for one are tried
   * again.
   */
  void fetchWith(SegmentFetcher fetcher);

  /** Compactions committed but not yet adopted here. */
  int adoptionBacklog();
}
