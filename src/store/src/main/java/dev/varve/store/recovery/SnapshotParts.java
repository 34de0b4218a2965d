package dev.varve.store.recovery;

import dev.varve.store.format.RecordKind;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.SnapshotCodec;
import dev.varve.store.segment.SegmentScanner;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Puts the snapshot together that a rolled manifest begins with. It was durable before the file got
 * its name, so that a part which is missing is damage and never a torn end.
 */
final class SnapshotParts {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long sequence;
  private long term;
  private int taken;
  private int parts;
  private long end;
  private @Nullable ManifestSnapshot snapshot;

  /**
   * Takes the current record if it belongs to the snapshot that the file begins with.
   *
   * @throws InconsistentEditException if a part is missing, or what they add up to is no snapshot
   */
  boolean take(SegmentScanner at) throws InconsistentEditException {
    boolean first = at.offset() == 0;
    if (!first && taken == parts) {
      return false;
    }
    byte[] value = at.kind() == RecordKind.EDIT ? at.record().value() : new byte[0];
    if (!SnapshotCodec.isPart(value)) {
      return false; // when it is not the time yet, the snapshot stays cut off
    }
    if (first) {
      sequence = at.sequence();
      term = at.term();
      parts = at.batchSize();
    }
    boolean last = at.batchIndex() == parts - 1;
    boolean next =
        at.offset() == end
            && at.batchIndex() == taken
            && at.batchSize() == parts
            && at.sequence() == sequence
            && at.term() == term
            && at.expiresAtMs() == 0
            && at.keyLength() == 0
            && (last || value.length == 1 + SnapshotCodec.PART_BYTES)
            && value.length <= 1 + SnapshotCodec.PART_BYTES;
    if (!next) {
      throw new InconsistentEditException("a record that is not the snapshot's next part");
    }
    bytes.write(value, 1, value.length - 1);
    taken++;
    end = at.offset() + at.length();
    if (last) {
      snapshot = SnapshotCodec.decode(sequence, term, bytes.toByteArray());
      bytes.reset();
    }
    return true;
  }

  /** Whether the file begins with a snapshot of which not all is there. */
  boolean isCutOff() {
    return parts > 0 && snapshot == null;
  }

  /** The snapshot; null if the file begins with an edit, or not all of it is there. */
  @Nullable ManifestSnapshot snapshot() {
    return snapshot;
  }

  /** Where in the file the parts that were taken end. */
  long end() {
    return end;
  }
}
