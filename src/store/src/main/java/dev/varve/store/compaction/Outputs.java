package dev.varve.store.compaction;

import dev.varve.store.format.SegmentId;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The new segments of one run with their hints, written under temporary names through two bounded
 * buffers: one is filled while the other is written. Nothing reads them, and no name of the store's
 * own exists, before {@link #install}.
 *
 * <p>Life: {@link #begin}, {@link #append}…, {@link #seal}, again for the next segment, {@link
 * #sealed}; then {@link #install} or {@link #discard}. Not for several threads.
 */
final class Outputs {

  /** What is gathered before it is written. */
  static final int BUFFER_BYTES = 256 << 10;

  private final Storage storage;
  private final String keyspace;
  private final TemporaryFolder folder;
  private final WriteBehind writes;
  private final List<OutputSegment> sealed = new ArrayList<>();

  /** Temporary files that were created, in order. */
  private final List<Temporary> temporaries = new ArrayList<>();

  private record Temporary(String path, String installed) {}

  private ByteBuffer filling = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private ByteBuffer written = ByteBuffer.allocateDirect(BUFFER_BYTES);
  private @Nullable OutputFile open;

  /**
   * @param writer writes and syncs; the caller's own thread will do
   */
  Outputs(Storage storage, String keyspace, TemporaryFolder folder, Executor writer) {
    this.storage = storage;
    this.keyspace = keyspace;
    this.folder = folder;
    this.writes = new WriteBehind(writer);
  }

  /** Starts a segment. */
  void begin(SegmentId next) throws IOException {
    StorageFile log = createTemporary(next.logPath(keyspace));
    try {
      open = new OutputFile(next, log, createTemporary(next.hintPath(keyspace)));
    } catch (IOException | RuntimeException e) {
      try (log) {
        throw e;
      }
    }
  }

  /** Whether a segment was begun and not sealed. */
  boolean isOpen() {
    return open != null;
  }

  /** Bytes of the segment that is open, gathered ones included. */
  long length() {
    return open().length();
  }

  /** Adds a whole record, which was verified, to the open segment, and to its hint. */
  void appendRecord(ByteBuffer source, int at, int length) throws IOException {
    open().hint().add(open().length(), source, at);
    append(source, at, length);
  }

  /** Adds bytes to the open segment, which is read for its hint when it is sealed. */
  void append(ByteBuffer source, int at, int length) throws IOException {
    OutputFile segment = open();
    if (length > filling.remaining()) {
      flush(segment);
    }
    segment.lengthen(length);
    if (length > filling.capacity()) {
      writes.await();
      segment.write(source.duplicate().limit(at + length).position(at));
      return;
    }
    filling.put(filling.position(), source, at, length);
    filling.position(filling.position() + length);
  }

  /**
   * Ends the open segment of whole records. After {@link #sealed} its bytes and its hint are
   * synced, their names not yet.
   */
  void seal() throws IOException {
    OutputFile segment = open();
    flush(segment);
    writes.hand(() -> sealed.add(segment.seal()));
    open = null;
  }

  /** The same for a segment whose bytes nobody has looked at: its records are verified. */
  OutputSegment verifyAndSeal() throws IOException {
    OutputFile segment = open();
    flush(segment);
    writes.await();
    String path = segment.id().logPath(keyspace);
    SegmentScanner scanner = new SegmentScanner(segment.file(), path, 0, segment.length());
    while (scanner.next()) {
      segment.hint().add(scanner.offset(), scanner.buffer(), scanner.position());
    }
    if (scanner.end().offset() != segment.length()) {
      throw new CorruptRecordException(path, scanner.end().offset(), scanner.end().detail());
    }
    seal();
    return sealed().getLast();
  }

  /** The sealed segments in order. */
  List<OutputSegment> sealed() throws IOException {
    writes.await();
    return List.copyOf(sealed);
  }

  /** Creates a file under a temporary name, to go the way of the segments. */
  StorageFile createTemporary(String path) throws IOException {
    String temporary = folder.pathFor(path);
    if (temporaries.isEmpty() && !folder.isBesideOutputs()) {
      storage.createDirectory(folder.name());
    }
    if (storage.exists(temporary)) {
      storage.delete(temporary); // left by a run that a crash ended
    }
    StorageFile file = storage.create(temporary);
    temporaries.add(new Temporary(temporary, path));
    return file;
  }

  /** Gives all files their names and makes those durable; the files are not the run's any more. */
  void install() throws IOException {
    for (Temporary temporary : temporaries) {
      storage.rename(temporary.path(), temporary.installed());
    }
    storage.syncDirectory(keyspace);
    temporaries.clear();
  }

  /**
   * Deletes what was written, temporary or just renamed. What can't be deleted is added to {@code
   * cause} as suppressed: the next recovery removes it, as the manifest does not name it.
   */
  void discard(Throwable cause) {
    closeOpen(cause);
    for (Temporary temporary : temporaries) {
      delete(storage, temporary.path(), cause);
      delete(storage, temporary.installed(), cause);
    }
    temporaries.clear();
  }

  private void closeOpen(Throwable cause) {
    OutputFile left = open;
    open = null;
    try {
      writes.await();
    } catch (IOException | RuntimeException e) {
      cause.addSuppressed(e);
    }
    filling.clear();
    if (left != null) {
      try {
        left.close();
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  /**
   * Deletes a file of a run that is given up.
   *
   * @param cause gets what went wrong as suppressed: the next opening does it
   */
  static void delete(Storage storage, String path, Throwable cause) {
    try {
      if (storage.exists(path)) {
        storage.delete(path);
      }
    } catch (NoSuchFileException e) {
      return; // gone is what was wanted
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  private void flush(OutputFile segment) throws IOException {
    if (filling.position() == 0) {
      return;
    }
    writes.await(); // the other buffer is free from here on
    ByteBuffer full = filling.flip();
    filling = written.clear();
    written = full;
    writes.hand(() -> segment.write(full));
  }

  private OutputFile open() {
    if (open == null) {
      throw new IllegalStateException("no segment is open");
    }
    return open;
  }
}
