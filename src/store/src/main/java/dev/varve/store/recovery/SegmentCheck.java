package dev.varve.store.recovery;

import dev.varve.store.format.HintDamagedException;
import dev.varve.store.format.HintReader;
import dev.varve.store.format.RecordKind;
import dev.varve.store.manifest.Edit;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/** Reads one segment with its hint, record by record. */
final class SegmentCheck implements SegmentSurvey.Visitor {
  private final SurveyedSegment segment;
  private final SegmentSurvey.Visitor records;
  private @Nullable HintReader hint;
  private boolean entryWaits;
  private @Nullable String hintDefect;
  private long last;

  private SegmentCheck(SurveyedSegment segment, SegmentSurvey.Visitor records) {
    this.segment = segment;
    this.records = records;
  }

  /**
   * Fills in what the segment's fields say.
   *
   * @param records takes each record as well
   * @param hintDefects gets what is wrong with the hint, if anything is; at which byte is not known
   */
  static void run(
      Storage storage,
      SurveyedSegment segment,
      SegmentSurvey.Visitor records,
      ObjLongConsumer<String> hintDefects)
      throws IOException {
    SegmentCheck check = new SegmentCheck(segment, records);
    String hintPath = segment.id.hintPath(segment.keyspace);
    segment.present = storage.exists(segment.path());
    if (!storage.exists(hintPath)) {
      check.readSegment(storage);
      return;
    }
    try (StorageFile hintFile = storage.open(hintPath)) {
      check.openHint(hintFile, hintPath);
      check.readSegment(storage);
      check.finishHint();
    }
    String defect = check.hintDefect;
    segment.hintGood = defect == null && check.hint != null && !segment.damaged;
    if (defect != null) {
      segment.lost.clear();
      segment.lostCount = 0;
      hintDefects.accept(defect, 0);
    } else {
      segment.allLostNamed = true;
    }
  }

  private void openHint(StorageFile file, String path) throws IOException {
    Edit.SegmentFile hinted = segment.hinted();
    try {
      HintReader opened = new HintReader(file, path);
      if (hinted != null
          && (opened.segmentLength() != hinted.length() || opened.segmentCrc() != hinted.crc())) {
        hintDefect = "it is the hint of another segment";
        return;
      }
      hint = opened;
      entryWaits = opened.next();
    } catch (HintDamagedException e) {
      hintDefect = String.valueOf(e.getMessage());
    }
  }

  private void readSegment(Storage storage) throws IOException {
    Edit.SegmentFile sealed = segment.sealed;
    if (!segment.present) {
      segment.damaged = true;
      return;
    }
    try (StorageFile file = storage.open(segment.path())) {
      long size = file.size();
      segment.length = sealed == null ? size : Math.min(size, sealed.length());
      segment.survey = SegmentSurvey.read(file, segment.path(), segment.length, this);
    }
    segment.damaged =
        !segment.survey.bad().isEmpty()
            || (sealed != null
                && (segment.length < sealed.length() || segment.survey.crc() != sealed.crc()));
  }

  @Override
  public @Nullable String record(SegmentScanner at) throws IOException {
    if (at.kind() == RecordKind.EDIT) {
      return "an edit, which belongs into the manifest";
    }
    // Only outputs of a compaction may be out of order; those are sealed.
    if (segment.sealed == null
        && segment.role == SurveyedSegment.Role.ACTIVE
        && at.sequence() < last) {
      return "a record that does not belong there, of sequence " + at.sequence();
    }
    last = at.sequence();
    segment.highestSequence = Math.max(segment.highestSequence, last);
    compare(at);
    return records.record(at);
  }

  private void compare(SegmentScanner at) throws IOException {
    HintReader entries = hint;
    if (entries == null || hintDefect != null) {
      return;
    }
    Edit.SegmentFile base = segment.base;
    if (base != null && at.offset() >= base.length()) {
      return; // appended after the hint's part
    }
    while (entryWaits && entries.offset() < at.offset()) {
      lose(entries);
    }
    if (!entryWaits
        || entries.offset() != at.offset()
        || entries.length() != at.length()
        || entries.sequence() != at.sequence()
        || entries.term() != at.term()
        || entries.expiresAtMs() != at.expiresAtMs()
        || entries.kind() != at.kind()
        || !sameKey(entries, at)) {
      hintDefect = "it does not say what the segment has at offset " + at.offset();
      return;
    }
    advance(entries);
  }

  /** A hint whose checksum fits may still not be what a writer writes. */
  private void advance(HintReader entries) throws IOException {
    try {
      entryWaits = entries.next();
    } catch (HintDamagedException e) {
      entryWaits = false;
      hintDefect = String.valueOf(e.getMessage());
    }
  }

  private static boolean sameKey(HintReader entry, SegmentScanner at) {
    byte[] key = new byte[at.keyLength()];
    at.buffer().get(at.keyPosition(), key);
    return entry.keyLength() == key.length
        && Arrays.equals(entry.keyBytes(), 0, key.length, key, 0, key.length);
  }

  private void finishHint() throws IOException {
    HintReader entries = hint;
    while (entries != null && hintDefect == null && entryWaits) {
      lose(entries);
    }
    if (hintDefect == null && segment.lostCount > 0 && !segment.damaged) {
      hintDefect = "it has " + segment.lostCount + " entries that the segment does not have";
    }
  }

  private void lose(HintReader entry) throws IOException {
    segment.lose(
        new LostRecord(
            segment.keyspace,
            Arrays.copyOf(entry.keyBytes(), entry.keyLength()),
            entry.sequence(),
            entry.term(),
            entry.expiresAtMs(),
            entry.kind()));
    advance(entry);
  }
}
