package dev.varve.store.recovery;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * What a repair found, did and could not bring back.
 *
 * @param folder where the replaced files and this report are, within the store's directory; empty
 *     when nothing had to be done
 * @param found what was wrong before, as a verification says it
 * @param actions what was done, in order, one sentence each
 * @param losses what is gone
 * @param lostRecords records that are gone and known by name, at most 10,000 a segment
 * @param restoredTombstones lost tombstones that were written again from a hint
 * @param mayComeBack whether a lost range may have held tombstones or newer values, so that deleted
 *     keys or older values may be visible again
 * @param identityInvalidated whether the directory was a replicated member's and no longer counts
 *     as that member
 * @param lastSequence the last sequence of the repaired store; 0 if its log was left as it was
 */
public record RepairReport(
    String folder,
    List<Finding> found,
    List<String> actions,
    List<Loss> losses,
    List<LostRecord> lostRecords,
    long restoredTombstones,
    boolean mayComeBack,
    boolean identityInvalidated,
    long lastSequence) {
  /**
   * Something that is gone.
   *
   * @param sequenceBefore the last good sequence before it in the file; −1: not known
   * @param sequenceAfter the first good sequence behind it in the file; −1: not known
   * @param recordsKnown how many records a hint tells of; −1: not known
   */
  public record Loss(
      String file,
      long offset,
      long length,
      String detail,
      long sequenceBefore,
      long sequenceAfter,
      long recordsKnown) {}

  public RepairReport {
    found = List.copyOf(found);
    actions = List.copyOf(actions);
    losses = List.copyOf(losses);
    lostRecords = List.copyOf(lostRecords);
  }

  /** Whether data is gone or may have come back. */
  public boolean lostData() {
    return !losses.isEmpty() || !lostRecords.isEmpty() || mayComeBack;
  }

  /** The report for people, a line each. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    if (folder.isEmpty()) {
      lines.add("nothing to repair");
      return lines;
    }
    lines.add("replaced files and this report: " + folder);
    for (Finding finding : found) {
      lines.add(
          "found "
              + finding.severity()
              + " in "
              + finding.file()
              + " at "
              + finding.offset()
              + (finding.length() == 0 ? "" : ", " + finding.length() + " bytes")
              + ": "
              + finding.detail());
    }
    actions.forEach(action -> lines.add("did: " + action));
    for (Loss loss : losses) {
      lines.add(
          "lost "
              + loss.file()
              + " bytes "
              + loss.offset()
              + " to "
              + (loss.offset() + loss.length())
              + (loss.sequenceBefore() < 0 ? "" : ", after sequence " + loss.sequenceBefore())
              + (loss.sequenceAfter() < 0 ? "" : ", before sequence " + loss.sequenceAfter())
              + (loss.recordsKnown() < 0
                  ? ", which keys is not known"
                  : ", " + loss.recordsKnown() + " records")
              + ": "
              + loss.detail());
    }
    for (LostRecord record : lostRecords) {
      lines.add(
          "lost "
              + (record.tombstone() ? "tombstone" : "value")
              + " of key "
              + text(record.key())
              + " in "
              + record.keyspace()
              + ", sequence "
              + record.sequence());
    }
    if (restoredTombstones > 0) {
      lines.add(
          restoredTombstones
              + " of the lost tombstones were written again: their keys stay deleted");
    }
    lines.add(
        mayComeBack
            ? "WARNING: deleted keys and older values may be visible again: what is lost may have"
                + " held tombstones and newer values"
            : "nothing that was deleted is visible again");
    if (identityInvalidated) {
      lines.add(
          "the directory no longer counts as the member that it was: started as one, it gets a new"
              + " member id and copies the primary's files");
    }
    return lines;
  }

  /** The key where it is plain text, else in hexadecimal digits. */
  private static String text(byte[] key) {
    for (byte b : key) {
      if (b < 0x21 || b > 0x7E) {
        return "0x" + HexFormat.of().formatHex(key);
      }
    }
    return new String(key, StandardCharsets.US_ASCII);
  }
}
