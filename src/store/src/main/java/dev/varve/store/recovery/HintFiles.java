package dev.varve.store.recovery;

import dev.varve.store.format.HintWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;

/** Writes the hint files of sealed segments. */
public final class HintFiles {
  private HintFiles() {}

  /**
   * Writes a segment's hint in the place of the one it may have; durable on return. After an
   * exception the hint is the old one, or there is none.
   *
   * @throws CorruptionException if the segment is not what was sealed
   */
  public static void write(
      Storage storage, String keyspace, Edit.SegmentFile sealed, StorageFile segment)
      throws IOException {
    String path = sealed.id().hintPath(keyspace);
    String temporary = path + SegmentId.TEMPORARY_SUFFIX;
    if (storage.exists(temporary)) {
      storage.delete(temporary);
    }
    try {
      try (StorageFile file = storage.create(temporary)) {
        fill(file, keyspace, sealed, segment);
        file.sync();
      }
      storage.rename(temporary, path);
      storage.syncDirectory(keyspace);
    } catch (IOException | RuntimeException e) {
      if (storage.exists(temporary)) {
        storage.delete(temporary);
      }
      throw e;
    }
  }

  private static void fill(
      StorageFile file, String keyspace, Edit.SegmentFile sealed, StorageFile segment)
      throws IOException {
    String path = sealed.id().logPath(keyspace);
    HintWriter hint = new HintWriter(file);
    SegmentScanner scanner = SegmentScanner.summing(segment, path, 0, sealed.length());
    while (scanner.next()) {
      hint.add(scanner.offset(), scanner.buffer(), scanner.position());
    }
    if (scanner.end().offset() != sealed.length() || scanner.crcBefore() != sealed.crc()) {
      throw new CorruptionException(
          path, scanner.end().offset(), "a sealed segment is not what was sealed");
    }
    hint.finish(sealed.length(), sealed.crc());
  }
}
