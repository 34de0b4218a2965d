package dev.varve.store.recovery;

import dev.varve.store.format.RecordKind;
import dev.varve.store.manifest.EditCodec;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All whole edits of the manifest's file up to the first bad byte. Places are the file's, see
 * {@link #base}.
 *
 * @param snapshot what the file begins with in the place of earlier edits; null if with an edit
 * @param snapshotLength its bytes
 * @param goodLength where good bytes end
 * @param size the file's size; −1 when there is no file
 * @param defect what is wrong at {@code goodLength}; empty if nothing is
 * @param sequenceBehindDefect the sequence of a whole edit behind the defect; −1: there is none
 */
record ManifestScan(
    @Nullable ManifestSnapshot snapshot,
    long snapshotLength,
    List<PlacedEdit> edits,
    long goodLength,
    long size,
    String defect,
    long sequenceBehindDefect) {

  /**
   * An edit and where its record is.
   *
   * @param crcBefore CRC32C of all bytes of the file before it
   */
  record PlacedEdit(RecordedEdit recorded, long offset, int length, int crcBefore) {
    long sequence() {
      return recorded.sequence();
    }

    long end() {
      return offset + length;
    }
  }

  static ManifestScan read(Storage storage) throws IOException {
    String path = ManifestState.PATH;
    if (!storage.exists(path)) {
      return new ManifestScan(null, 0, List.of(), 0, -1, "", -1);
    }
    List<PlacedEdit> edits = new ArrayList<>();
    try (StorageFile file = storage.open(path)) {
      long size = file.size();
      SegmentScanner scanner = SegmentScanner.summing(file, path, 0, size);
      SnapshotParts parts = new SnapshotParts();
      long before = 0;
      while (scanner.next()) {
        if (isPart(parts, scanner, path)) {
          before = scanner.sequence();
          continue;
        }
        long sequence = scanner.sequence();
        boolean alone = scanner.batchSize() == 1 && scanner.expiresAtMs() == 0;
        if (scanner.kind() != RecordKind.EDIT || !alone || sequence <= before) {
          throw new CorruptionException(path, scanner.offset(), "a record that is no next edit");
        }
        before = sequence;
        try {
          RecordedEdit edit = EditCodec.decode(sequence, scanner.term(), scanner.record().value());
          edits.add(new PlacedEdit(edit, scanner.offset(), scanner.length(), scanner.crcBefore()));
        } catch (InconsistentEditException e) {
          throw new CorruptionException(path, scanner.offset(), String.valueOf(e.getMessage()));
        }
      }
      ScanEnd end = scanner.end();
      if (parts.isCutOff()) {
        throw new CorruptionException(path, parts.end(), "the snapshot is cut off");
      }
      String defect = end.reason() == ScanEnd.Reason.END ? "" : end.detail();
      return new ManifestScan(
          parts.snapshot(),
          parts.end(),
          List.copyOf(edits),
          end.offset(),
          size,
          defect,
          end.nextValidSequence());
    }
  }

  private static boolean isPart(SnapshotParts parts, SegmentScanner at, String path)
      throws CorruptionException {
    try {
      return parts.take(at);
    } catch (InconsistentEditException e) {
      throw new CorruptionException(path, at.offset(), String.valueOf(e.getMessage()));
    }
  }

  /** Where in the log the file's edits are. */
  ManifestBase base() {
    return snapshot == null
        ? ManifestBase.NONE
        : new ManifestBase(snapshot.offset(), snapshotLength, snapshot.keydirs());
  }

  /** Where the edits up to {@code sequence} end. */
  long lengthUpTo(long sequence) {
    long length = snapshotLength;
    for (PlacedEdit edit : edits) {
      if (edit.sequence() <= sequence) {
        length = edit.end();
      }
    }
    return length;
  }
}
