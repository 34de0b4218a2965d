package dev.varve.store.recovery;

import dev.varve.store.format.RecordKind;
import dev.varve.store.manifest.EditCodec;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.segment.ScanEnd;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * All whole edits of the manifest's file up to the first bad byte.
 *
 * @param goodLength where good bytes end
 * @param size the file's size; −1 when there is no file
 * @param defect what is wrong at {@code goodLength}; empty if nothing is
 * @param sequenceBehindDefect the sequence of a whole edit behind the defect; −1: there is none
 */
record ManifestScan(
    List<PlacedEdit> edits, long goodLength, long size, String defect, long sequenceBehindDefect) {

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
      return new ManifestScan(List.of(), 0, -1, "", -1);
    }
    List<PlacedEdit> edits = new ArrayList<>();
    try (StorageFile file = storage.open(path)) {
      long size = file.size();
      SegmentScanner scanner = SegmentScanner.summing(file, path, 0, size);
      long before = 0;
      while (scanner.next()) {
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
      String defect = end.reason() == ScanEnd.Reason.END ? "" : end.detail();
      return new ManifestScan(
          List.copyOf(edits), end.offset(), size, defect, end.nextValidSequence());
    }
  }

  /** Where the edits up to {@code sequence} end. */
  long lengthUpTo(long sequence) {
    long length = 0;
    for (PlacedEdit edit : edits) {
      if (edit.sequence() <= sequence) {
        length = edit.end();
      }
    }
    return length;
  }
}
