package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Reads a keyspace's committed changes in the order of their sequences, each once, none left out.
 * Recent ones come from the log's window in memory, older ones from the segments. Memory is bounded
 * by one batch beside places of about a thousand records, however far behind it is. Rolls,
 * compactions, cut-offs and other edits of the manifest are no changes. For one thread at a time.
 */
public final class ChangeReader implements AutoCloseable {
  /** Of the window at a time. */
  private static final int SLICE_BYTES = 64 << 10;

  private final Keyspace keyspace;
  private final byte[] prefix;
  private final Published published;
  private final EntryWindow window;
  private final StoredChanges stored;
  private final ArrayDeque<LogEntry> recent = new ArrayDeque<>();
  private StoredChanges.@Nullable Selection selection;
  private long position;
  private @Nullable CompletableFuture<Void> waiting;

  ChangeReader(
      Keyspace keyspace,
      byte[] prefix,
      long afterSequence,
      Published published,
      EntryWindow window,
      StoredChanges stored) {
    this.keyspace = keyspace;
    this.prefix = prefix;
    this.position = afterSequence;
    this.published = published;
    this.window = window;
    this.stored = stored;
  }

  /**
   * Everything up to here was returned or is not of the kind that is read: a reader that begins
   * after this sequence, on any member, goes on where this one is.
   */
  public long position() {
    return position;
  }

  /**
   * What the next batch changed; null when there is none yet, and then {@link #position} is what is
   * committed now. A set without changes tells of something that is not of the kind that is read:
   * one comes for each, so that a call never takes long because nobody's keys begin so.
   *
   * @throws ChangesGoneException if what comes next may be gone; it stays so
   * @throws dev.varve.store.segment.CorruptRecordException if a record is damaged
   * @throws StoreClosedException if the store was closed
   */
  public @Nullable ChangeSet next() throws IOException {
    while (true) {
      requireVisible();
      ChangeSet found = selected();
      LogEntry entry = found == null ? recent.poll() : null;
      if (entry != null) {
        found = changes(entry);
      }
      if (found != null) {
        position = found.sequence();
        return found;
      }
      if (!findMore()) {
        return null;
      }
    }
  }

  /** The next of those that were found in segments; null when others are to be found. */
  private @Nullable ChangeSet selected() throws IOException {
    StoredChanges.Selection from = selection;
    if (from == null) {
      return null;
    }
    ChangeSet found = from.next(prefix);
    if (found == null) {
      position = from.coveredTo();
      selection = null;
    }
    return found;
  }

  /** What a cut-off hides is hidden from here too, although it may still be in the window. */
  private void requireVisible() throws ChangesGoneException {
    long hidden = keyspace.cutOff().sequence() - 1;
    if (position < hidden) {
      throw new ChangesGoneException(keyspace.name(), position, hidden);
    }
  }

  /** False when everything committed was read. */
  private boolean findMore() throws IOException {
    long committed = published.state().applied();
    if (position >= committed) {
      return false;
    }
    List<LogEntry> entries = window.after(position, SLICE_BYTES);
    if (entries == null) {
      selection = stored.select(position);
      return true;
    }
    for (LogEntry entry : entries) {
      if (entry.sequence() <= committed) {
        recent.add(entry);
      }
    }
    return true;
  }

  private ChangeSet changes(LogEntry entry) {
    List<LogRecord> records = new ArrayList<>();
    for (Chunk chunk : entry.chunks()) {
      if (chunk.path().startsWith(keyspace.name() + "/")) {
        ByteBuffer bytes = chunk.bytes().slice().order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        while (at < bytes.limit()) {
          records.add(RecordCodec.decode(bytes, at));
          at += RecordCodec.length(bytes, at);
        }
      }
    }
    return ChangeSet.of(entry.sequence(), records, prefix);
  }

  /**
   * Completes when there may be more changes; at once if there may be now. Fails with {@link
   * StoreClosedException}. Completes on the store's writer: dependents must not block. Another call
   * before completion returns the same.
   */
  public CompletableFuture<Void> whenMore() {
    CompletableFuture<Void> already = waiting;
    if (already != null && !already.isDone()) {
      return already;
    }
    CompletableFuture<Void> more = keyspace.waiters().await(position + 1, keyspace::lastChangeUpTo);
    waiting = more;
    return more;
  }

  /** Lets go of entries of the window until the next ones are asked for. */
  public void pause() {
    recent.clear();
  }

  /** Lets go of what is held; a pending {@link #whenMore} is cancelled. Idempotent. */
  @Override
  public void close() {
    recent.clear();
    selection = null;
    CompletableFuture<Void> pending = waiting;
    if (pending != null) {
      pending.cancel(false);
    }
  }
}
