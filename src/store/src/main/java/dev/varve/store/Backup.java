package dev.varve.store;

import dev.varve.store.format.Crc32c;
import dev.varve.store.format.SegmentId;
import dev.varve.store.recovery.BackupManifest;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A backup of an open store: the files that are the store as of one committed sequence, while
 * writes and compaction go on. What it reads is pinned from {@link #begin} to {@link #close}. Not
 * for several threads.
 */
public final class Backup implements Closeable {
  private static final int CHUNK_BYTES = 256 << 10;

  private final ShardLog log;
  private final StoreImage image;
  private final Storage storage;

  private Backup(ShardLog log, StoreImage image, Storage storage) {
    this.log = log;
    this.storage = storage;
    this.image = image;
  }

  /** Takes the files, in order, the last of them {@link BackupManifest#PATH}. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes bytes that continue a file; an empty file comes as one empty chunk. May block, which
     * holds the backup up, and keeps what it reads from being deleted.
     *
     * @param fileLength of the whole file, in bytes
     * @param bytes to be used up or copied before it returns
     */
    void chunk(String file, long fileLength, long offset, ByteBuffer bytes)
        throws IOException, InterruptedException;
  }

  /**
   * Pins the store at its committed sequence.
   *
   * @throws CorruptionException if a file of it is known to be damaged
   */
  public static Backup begin(Store store) throws IOException {
    return new Backup(store.log(), store.log().image(), store.parts().storage());
  }

  /** The last sequence in the backup. */
  public long sequence() {
    return image.state().committed();
  }

  /** Bytes of all files, the manifest of the backup apart. */
  public long bytes() {
    return image.files().stream().mapToLong(ImageFile::length).sum();
  }

  /**
   * Hands everything to the sink.
   *
   * @throws CorruptionException if a file is not what was written; what the sink got is no backup,
   *     since its manifest is missing
   * @throws IOException if a file can't be read; the same
   */
  public void send(Sink sink) throws IOException, InterruptedException {
    List<BackupManifest.BackedUp> sent = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK_BYTES);
    for (ImageFile file : inOrder()) {
      requireWholeRecords(file);
      sent.add(send(file, buffer, sink));
    }
    byte[] manifest = new BackupManifest(sequence(), sent).encode();
    for (int at = 0; at < manifest.length; at += CHUNK_BYTES) {
      int length = Math.min(CHUNK_BYTES, manifest.length - at);
      sink.chunk(BackupManifest.PATH, manifest.length, at, ByteBuffer.wrap(manifest, at, length));
    }
  }

  /** Run lists first: they alone are not pinned, and go once their compaction is adopted. */
  private List<ImageFile> inOrder() {
    return image.files().stream()
        .sorted(
            Comparator.comparing((ImageFile file) -> !file.path().endsWith(SegmentId.RUNS_SUFFIX)))
        .toList();
  }

  private BackupManifest.BackedUp send(ImageFile file, ByteBuffer buffer, Sink sink)
      throws IOException, InterruptedException {
    long at = 0;
    int crc = 0;
    do {
      buffer.clear().limit((int) Math.min(CHUNK_BYTES, file.length() - at));
      int length = buffer.remaining();
      if (log.read(file.path(), at, buffer) != length) {
        throw new EOFException(file.path() + " ends before byte " + file.length());
      }
      buffer.flip();
      crc = Crc32c.combine(crc, Crc32c.of(buffer), length);
      sink.chunk(file.path(), file.length(), at, buffer);
      at += length;
    } while (at < file.length());
    Integer written = file.crc();
    if (written != null && written != crc) {
      throw damaged(file.path(), 0, "it has another checksum than the manifest says");
    }
    return new BackupManifest.BackedUp(file.path(), file.length(), crc);
  }

  /** Of what is appended to, the manifest knows no checksum; its records have their own. */
  private void requireWholeRecords(ImageFile file) throws IOException {
    if (file.crc() != null || !file.path().endsWith(SegmentId.LOG_SUFFIX)) {
      return;
    }
    try (StorageFile open = storage.open(file.path())) {
      SegmentScanner scanner = new SegmentScanner(open, file.path(), 0, file.length());
      while (scanner.next()) {}
      if (scanner.end().reason() != ScanEnd.Reason.END) {
        throw damaged(file.path(), scanner.end().offset(), scanner.end().detail());
      }
    }
  }

  private CorruptionException damaged(String path, long offset, String reason) {
    log.noteDamage(path, reason);
    return new CorruptionException(path, offset, reason);
  }

  /** Unpins; what compaction retired meanwhile is deleted. Idempotent. */
  @Override
  public void close() {
    image.close();
  }
}
