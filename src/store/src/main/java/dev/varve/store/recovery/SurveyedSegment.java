package dev.varve.store.recovery;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A segment's file and what reading all of it found. */
final class SurveyedSegment {

  /** Why the file is read. */
  enum Role {
    /** Holds data by the manifest and is closed. */
    SEALED,
    /** Was being appended to. */
    ACTIVE,
    /** Was compacted away and may be deleted at a checkpoint. */
    RETIRED,
    /** No edit tells of it, but one may have before the manifest was damaged. */
    FOUND
  }

  private static final int LOST_NAMED_MAX = 10_000;

  final String keyspace;
  final SegmentId id;
  final Role role;
  final Edit.@Nullable SegmentFile sealed;

  /** Of an active file: what was copied to it before it became active; its hint tells of that. */
  final Edit.@Nullable SegmentFile base;

  boolean present;
  long length;
  SegmentSurvey survey = new SegmentSurvey(List.of(), 0, 0);

  /** Whether the hint is there and says what the segment says. */
  boolean hintGood;

  /** Records that the hint tells of and that are gone, at most 10,000. */
  final List<LostRecord> lost = new ArrayList<>();

  long lostCount;

  /** Of the good records. */
  long highestSequence;

  /** Whether {@link #lost} is all that is gone. */
  boolean allLostNamed;

  /** Whether bytes are missing or are not what was written. */
  boolean damaged;

  SurveyedSegment(String keyspace, SegmentId id, Role role, Edit.@Nullable SegmentFile sealed) {
    this(keyspace, id, role, sealed, null);
  }

  SurveyedSegment(
      String keyspace,
      SegmentId id,
      Role role,
      Edit.@Nullable SegmentFile sealed,
      Edit.@Nullable SegmentFile base) {
    this.keyspace = keyspace;
    this.id = id;
    this.role = role;
    this.sealed = sealed;
    this.base = base;
  }

  /** What the hint, if there is one, tells of; null if that is not known. */
  Edit.@Nullable SegmentFile hinted() {
    return sealed != null ? sealed : base;
  }

  String path() {
    return id.logPath(keyspace);
  }

  /** Why a whole record there does not count; null if it does. */
  @Nullable String wrongAt(long offset) {
    for (SegmentSurvey.BadRange range : survey.bad()) {
      if (range.offset() <= offset && offset < range.end()) {
        return range.detail();
      }
    }
    return null;
  }

  void lose(LostRecord record) {
    lostCount++;
    if (lost.size() < LOST_NAMED_MAX) {
      lost.add(record);
    }
  }
}
