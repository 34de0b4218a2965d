package dev.varve.store;

import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file of the log that is being appended to: the manifest or an active segment. Lengths are the
 * log's, which a roll of the manifest does not change.
 */
final class LogFile {
  private final String path;
  private final @Nullable Keyspace keyspace;
  private final @Nullable LiveSegment segment;
  private SegmentWriter writer;

  /** Of a rolled manifest, else none. */
  private ManifestBase base;

  private LogFile(
      String path,
      @Nullable Keyspace keyspace,
      @Nullable LiveSegment segment,
      SegmentWriter writer,
      ManifestBase base) {
    this.path = path;
    this.base = base;
    this.keyspace = keyspace;
    this.segment = segment;
    this.writer = writer;
  }

  static LogFile manifest(SegmentWriter writer, ManifestBase base) {
    return new LogFile(ManifestState.PATH, null, null, writer, base);
  }

  static LogFile active(Keyspace keyspace, LiveSegment segment, SegmentWriter writer) {
    String path = segment.id().logPath(keyspace.name());
    return new LogFile(path, keyspace, segment, writer, ManifestBase.NONE);
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
    return base.inLog(writer.length());
  }

  /** Bytes of the file itself. */
  long fileLength() {
    return writer.length();
  }

  /** The file itself. */
  StorageFile file() {
    return writer.file();
  }

  /** CRC32C of the file itself. */
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
    file.truncate(base.inFile(length));
    file.sync();
    writer = new SegmentWriter(file, base.inFile(length), crc);
  }

  /** Goes on in another file, which holds the same from the new base on; closes the one before. */
  void replace(SegmentWriter other, ManifestBase otherBase) throws IOException {
    SegmentWriter before = writer;
    writer = other;
    base = otherBase;
    before.close();
  }

  /** Cuts it to its first {@code length} bytes, durably. */
  void cut(long length) throws IOException {
    writer.truncate(base.inFile(length));
    writer.sync();
  }

  void close() throws IOException {
    writer.close();
  }
}
