package dev.varve.store.segment;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads single records of one segment, on any thread, and counts who uses it: the file stays open
 * (and in its directory) until the segment is retired and the last user has let go.
 *
 * <p>A user calls {@link #tryAcquire} before and {@link #release} after reading. False means that
 * the segment was retired; it is retired only after the keydir stopped pointing at it, so that a
 * look-up from then on finds the record's new place.
 */
public final class SegmentReader {

  /** Instead of an expiry: the record has another key. */
  public static final long OTHER_KEY = -1;

  /** The owner's own reference, which {@link #retire} gives up. */
  private static final long OWNER = 1;

  /**
   * Longer records are read into memory of their own; copying them costs little beside the rest.
   */
  private static final int SCRATCH_BYTES = 64 << 10;

  private static final ThreadLocal<ByteBuffer> SCRATCH =
      ThreadLocal.withInitial(
          () -> ByteBuffer.allocateDirect(SCRATCH_BYTES).order(ByteOrder.LITTLE_ENDIAN));

  private final String path;
  private final Queue<StorageFile> replaced = new ConcurrentLinkedQueue<>();
  private volatile StorageFile file;
  private volatile Consumer<CorruptRecordException> onDamage = met -> {};
  private final AtomicLong references = new AtomicLong(OWNER);
  private final AtomicReference<@Nullable Runnable> whenUnreferenced = new AtomicReference<>();

  /** Takes over an open file. */
  public SegmentReader(StorageFile file, String path) {
    this.file = file;
    this.path = path;
  }

  /** Calls {@code listener} for each damaged record that is met here, before it is thrown. */
  public void onDamage(Consumer<CorruptRecordException> listener) {
    onDamage = listener;
  }

  /**
   * Reads another file from now on, which has what this one should have: the one that has taken its
   * name. Reads under way go on with the old one, which is closed with the segment.
   */
  public void replaceFile(StorageFile by) {
    replaced.add(file);
    file = by;
  }

  /** Takes a reference, unless nobody holds one any more. */
  public boolean tryAcquire() {
    long held = references.get();
    while (held > 0) {
      long seen = references.compareAndExchange(held, held + 1);
      if (seen == held) {
        return true;
      }
      held = seen;
    }
    return false;
  }

  /** Gives a reference back; the last one after {@link #retire} runs its action on this thread. */
  public void release() {
    long left = references.decrementAndGet();
    if (left < 0) {
      throw new IllegalStateException("segment " + path + " was released more than acquired");
    }
    if (left == 0) {
      Runnable action = whenUnreferenced.getAndSet(null);
      if (action != null) {
        action.run();
      }
    }
  }

  /**
   * Gives the owner's reference up; once nobody holds one, {@code whenUnreferenced} runs, once, on
   * the thread that let go last: that is where the file is closed, and deleted if it is to be.
   */
  public void retire(Runnable whenUnreferenced) {
    if (!this.whenUnreferenced.compareAndSet(null, whenUnreferenced) || references.get() <= 0) {
      throw new IllegalStateException("segment " + path + " is already retired");
    }
    release();
  }

  /** Closes the file; for the action of {@link #retire}. */
  public void close() throws IOException {
    StorageFile old = replaced.poll();
    while (old != null) {
      old.close();
      old = replaced.poll();
    }
    file.close();
  }

  /** The segment's path within the store. */
  public String path() {
    return path;
  }

  /** The file that is read. */
  public StorageFile file() {
    return file;
  }

  /**
   * Reads a record with one positional read and verifies it. The caller holds a reference.
   *
   * @throws CorruptRecordException if there is no whole record of exactly this length
   */
  public LogRecord read(long offset, int length) throws IOException {
    return RecordCodec.decode(load(offset, length), 0);
  }

  /**
   * Reads a record with one positional read and verifies it, then its key. The caller holds a
   * reference.
   *
   * @return the record; null if it is a whole one of another key
   * @throws CorruptRecordException if there is no whole record of exactly this length
   */
  public @Nullable LogRecord read(long offset, int length, byte[] key) throws IOException {
    ByteBuffer record = load(offset, length);
    return RecordCodec.hasKey(record, 0, key) ? RecordCodec.decode(record, 0, key) : null;
  }

  /**
   * A record's sequence, of which the whole record is verified. The caller holds a reference.
   *
   * @throws CorruptRecordException if there is no whole record of exactly this length
   */
  public long sequence(long offset, int length) throws IOException {
    return RecordCodec.sequence(load(offset, length), 0);
  }

  /**
   * Whether the record there has this key. Reads the key alone; only where it differs is the whole
   * record read and verified, so that a damaged key is never taken for another key.
   *
   * @throws CorruptRecordException if the key differs and there is no whole record of this length
   */
  public boolean hasKey(long offset, int length, byte[] key) throws IOException {
    return expiryOfKey(offset, length, key) != OTHER_KEY;
  }

  /**
   * {@link #hasKey}, answering with the record's expiry in milliseconds since 1970, 0 for never, or
   * {@link #OTHER_KEY}.
   */
  public long expiryOfKey(long offset, int length, byte[] key) throws IOException {
    int prefix = Math.min(length, RecordCodec.HEADER_BYTES + key.length);
    ByteBuffer head = buffer(prefix);
    if (file.read(head, offset) == prefix
        && RecordCodec.checkHeader(head, 0, prefix) == RecordCodec.Check.WHOLE
        && RecordCodec.length(head, 0) == length
        && RecordCodec.hasKey(head, 0, key)) {
      return RecordCodec.expiresAtMs(head, 0);
    }
    ByteBuffer record = load(offset, length);
    return RecordCodec.hasKey(record, 0, key) ? RecordCodec.expiresAtMs(record, 0) : OTHER_KEY;
  }

  /** The verified bytes of a record, to be used before this thread reads anything else. */
  private ByteBuffer load(long offset, int length) throws IOException {
    if (length < RecordCodec.HEADER_BYTES || length > RecordCodec.RECORD_BYTES_MAX) {
      throw damaged(offset, "no record has " + length + " bytes");
    }
    ByteBuffer buffer = buffer(length);
    int read = file.read(buffer, offset);
    if (read != length) {
      throw damaged(offset, "the file ends after " + read + " of its " + length + " bytes");
    }
    RecordCodec.Check check = RecordCodec.check(buffer, 0, length);
    if (check != RecordCodec.Check.WHOLE) {
      throw damaged(offset, "found " + check);
    }
    if (RecordCodec.length(buffer, 0) != length) {
      throw damaged(offset, "found a record of another length: " + RecordCodec.length(buffer, 0));
    }
    return buffer;
  }

  private CorruptRecordException damaged(long offset, String reason) {
    CorruptRecordException met = new CorruptRecordException(path, offset, reason);
    onDamage.accept(met);
    return met;
  }

  /**
   * Memory for one read. Direct, because a file is read into nothing else: for a buffer on the heap
   * the JDK reads into direct memory of its own and copies. Kept by the thread, since allocating it
   * costs more than the read, but not by virtual threads, of which there may be any number.
   */
  private static ByteBuffer buffer(int length) {
    if (length > SCRATCH_BYTES || Thread.currentThread().isVirtual()) {
      return ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    }
    return SCRATCH.get().clear().limit(length);
  }
}
