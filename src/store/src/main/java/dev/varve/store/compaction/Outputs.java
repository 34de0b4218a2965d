package dev.varve.store.compaction;

import dev.varve.store.format.HintWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The new segments of one run, written under temporary names through one bounded buffer. Nothing
 * reads them, and no name of the store's own exists, before {@link #install}.
 *
 * <p>Life: {@link #begin}, {@link #append}…, {@link #seal}, again for the next segment; then {@link
 * #install} or {@link #discard}. Not for several threads.
 */
final class Outputs {

  /** What is gathered before it is written. */
  static final int BUFFER_BYTES = 256 << 10;

  private final Storage storage;
  private final String keyspace;
  private final TemporaryFolder folder;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
  private final List<OutputSegment> sealed = new ArrayList<>();

  /** Temporary files that were created, in order. */
  private final List<Temporary> temporaries = new ArrayList<>();

  private record Temporary(String path, String installed) {}

  private @Nullable SegmentId id;
  private @Nullable SegmentWriter writer;

  Outputs(Storage storage, String keyspace, TemporaryFolder folder) {
    this.storage = storage;
    this.keyspace = keyspace;
    this.folder = folder;
  }

  /** Starts a segment. */
  void begin(SegmentId next) throws IOException {
    id = next;
    writer = new SegmentWriter(createTemporary(next.logPath(keyspace)), 0, 0);
  }

  /** Whether a segment was begun and not sealed. */
  boolean isOpen() {
    return writer != null;
  }

  /** Bytes of the segment that is open, gathered ones included. */
  long length() {
    return open().length() + buffer.position();
  }

  /** Adds bytes to the open segment. */
  void append(ByteBuffer source, int at, int length) throws IOException {
    if (length > buffer.remaining()) {
      flush();
    }
    if (length > buffer.capacity()) {
      open().append(source.duplicate().limit(at + length).position(at));
      return;
    }
    buffer.put(buffer.position(), source, at, length);
    buffer.position(buffer.position() + length);
  }

  /** Seals the open segment: its bytes and its hint are synced on return, their names not yet. */
  OutputSegment seal() throws IOException {
    flush();
    try (SegmentWriter done = open()) {
      SegmentId name = id();
      done.sync();
      OutputSegment output = new OutputSegment(name, done.length(), done.crc());
      writeHint(done.file(), output);
      sealed.add(output);
      writer = null;
      return output;
    }
  }

  /** The sealed segments in order. */
  List<OutputSegment> sealed() {
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
    buffer.clear();
    closeQuietly(cause);
    for (Temporary temporary : temporaries) {
      delete(storage, temporary.path(), cause);
      delete(storage, temporary.installed(), cause);
    }
    temporaries.clear();
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

  private void closeQuietly(Throwable cause) {
    SegmentWriter open = writer;
    writer = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        cause.addSuppressed(e);
      }
    }
  }

  private void writeHint(StorageFile segment, OutputSegment output) throws IOException {
    try (StorageFile file = createTemporary(output.id().hintPath(keyspace))) {
      HintWriter hint = new HintWriter(file);
      SegmentScanner scanner =
          new SegmentScanner(segment, output.id().logPath(keyspace), 0, output.length());
      while (scanner.next()) {
        hint.add(scanner.offset(), scanner.buffer(), scanner.position());
      }
      if (scanner.end().offset() != output.length()) {
        // What was copied was damaged: runs are copied without looking into them.
        throw new CorruptRecordException(
            output.id().logPath(keyspace), scanner.end().offset(), scanner.end().detail());
      }
      hint.finish(output.length(), output.crc());
      file.sync();
    }
  }

  private void flush() throws IOException {
    buffer.flip();
    if (buffer.hasRemaining()) {
      open().append(buffer);
    }
    buffer.clear();
  }

  private SegmentWriter open() {
    if (writer == null) {
      throw new IllegalStateException("no segment is open");
    }
    return writer;
  }

  private SegmentId id() {
    if (id == null) {
      throw new IllegalStateException("no segment is open");
    }
    return id;
  }
}
