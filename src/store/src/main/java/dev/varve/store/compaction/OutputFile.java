package dev.varve.store.compaction;

import dev.varve.store.format.HintWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One new segment and its hint while they are written. Two threads share it: one gathers bytes and
 * adds to the hint, the other writes; {@link #seal} is the writing one's, once nothing is gathered.
 */
final class OutputFile implements Closeable {

  /**
   * The kernel is asked to write back what has come together in so many bytes, so that the sync of
   * a whole segment waits for little.
   */
  private static final long WRITE_BACK_BYTES = 4 << 20;

  private final SegmentId id;
  private final SegmentWriter writer;
  private final StorageFile hintFile;
  private final HintWriter hint;
  private long length;
  private long writtenBack;

  /** Takes over two empty files. */
  OutputFile(SegmentId id, StorageFile log, StorageFile hintFile) throws IOException {
    this.id = id;
    this.writer = new SegmentWriter(log, 0, 0);
    this.hintFile = hintFile;
    this.hint = new HintWriter(hintFile);
  }

  SegmentId id() {
    return id;
  }

  StorageFile file() {
    return writer.file();
  }

  HintWriter hint() {
    return hint;
  }

  /** Bytes that were gathered for it, written ones included. */
  long length() {
    return length;
  }

  /** Notes bytes as gathered. */
  void lengthen(int bytes) {
    length += bytes;
  }

  /** Appends what remains in a buffer. */
  void write(ByteBuffer bytes) throws IOException {
    writer.append(bytes);
    if (writer.length() - writtenBack >= WRITE_BACK_BYTES) {
      writer.file().writeBack(writtenBack, writer.length() - writtenBack);
      writtenBack = writer.length();
    }
  }

  /** Makes segment and hint durable and closes them. */
  OutputSegment seal() throws IOException {
    try (this) {
      writer.sync();
      hint.finish(writer.length(), writer.crc());
      hintFile.sync();
      return new OutputSegment(id, writer.length(), writer.crc());
    }
  }

  @Override
  public void close() throws IOException {
    try (hintFile) {
      writer.close();
    }
  }
}
