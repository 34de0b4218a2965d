package dev.varve.store;

import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A file of the log that is being appended to: the manifest or an active segment. */
final class LogFile {
  private final String path;
  private final @Nullable Keyspace keyspace;
  private final @Nullable LiveSegment segment;
  private SegmentWriter writer;

  private LogFile(
      String path,
      @Nullable Keyspace keyspace,
      @Nullable LiveSegment segment,
      SegmentWriter writer) {
    this.path = path;
    this.keyspace = keyspace;
    this.segment = segment;
    this.writer = writer;
  }

  static LogFile manifest(String path, SegmentWriter writer) {
    return new LogFile(path, null, null, writer);
  }

  static LogFile active(Keyspace keyspace, LiveSegment segment, SegmentWriter writer) {
    return new LogFile(segment.id().logPath(keyspace.name()), keyspace, segment, writer);
  }

  String path() {
    return path;
  }

  /** The keyspace it is the active segment of. */
  Keyspace keyspace() {
    if (keyspace == null) {
      throw new IllegalStateException(path + " is no segment");
    }
    return keyspace;
  }

  LiveSegment segment() {
    if (segment == null) {
      throw new IllegalStateException(path + " is no segment");
    }
    return segment;
  }

  long length() {
    return writer.length();
  }

  int crc() {
    return writer.crc();
  }

  void append(List<ByteBuffer> buffers) throws IOException {
    writer.append(buffers.toArray(ByteBuffer[]::new));
  }

  void sync() throws IOException {
    writer.sync();
  }

  /** Goes back to a length and CRC it had, durably: a failed group must not come back. */
  void goBack(long length, int crc) throws IOException {
    StorageFile file = writer.file();
    file.truncate(length);
    file.sync();
    writer = new SegmentWriter(file, length, crc);
  }

  /** Cuts it to its first {@code length} bytes, durably. */
  void cut(long length) throws IOException {
    writer.truncate(length);
    writer.sync();
  }

  void close() throws IOException {
    writer.close();
  }
}
