package dev.varve.store.recovery;

import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.Finding.Severity;
import dev.varve.store.recovery.SurveyedSegment.Role;
import dev.varve.store.storage.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts the segments that a compaction replaced back in the place of what it made, while they are
 * still there. Offline, like a repair and by its means: a new manifest names the segments, which is
 * the commit point; before it a crash leaves the directory as it was, and after either {@code
 * Repair} ends what was begun.
 *
 * <p>All later compactions of the keyspace are undone with it. One of them may have dropped a
 * tombstone because nothing that it hid was part of the store any more; that would come back.
 * Undoing them brings the tombstone back as well. What was written since stays: of a key's records
 * the one with the highest sequence counts, whichever file it is in.
 */
public final class UndoCompaction {
  private final Storage storage;
  private final StoreSurvey survey;
  private final Map<String, SurveyedSegment> segments = new HashMap<>();
  private final List<String> runs = new ArrayList<>();
  private final List<String> files = new ArrayList<>();
  private long bytes;

  private UndoCompaction(Storage storage, StoreSurvey survey) {
    this.storage = storage;
    this.survey = survey;
    survey.segments().forEach(segment -> segments.put(segment.path(), segment));
  }

  /**
   * Undoes a run on every keyspace that it compacted. The store was opened and closed before, so
   * that it has no torn end. On return everything is durable. After an exception other than {@link
   * CannotRestoreException} or a crash, {@code Repair.run} makes the directory one that opens: as
   * it was, or with the segments restored.
   *
   * @param nowMs wall-clock milliseconds, for the folder's name
   * @throws CannotRestoreException if that is not possible (any more); nothing was changed
   * @throws dev.varve.store.storage.StoreLockedException if somebody has the store open
   */
  public static RestoredSegments run(
      Storage storage, String runId, long nowMs, RecoveryProgress progress) throws IOException {
    try (Closeable _ = storage.lock(DirectoryMarks.LOCK)) {
      StoreSurvey survey = StoreSurvey.take(storage, progress);
      return new UndoCompaction(storage, survey).undo(runId, nowMs);
    }
  }

  private RestoredSegments undo(String runId, long nowMs) throws IOException {
    if (!survey.state().membership().isEmpty()) {
      throw new CannotRestoreException(
          "the directory belongs to a member of a replicated shard, which must have the files that"
              + " the others have");
    }
    if (survey.state().layout() == Layout.SINGLE_FILE) {
      throw new CannotRestoreException(
          "the layout is single-file: what a compaction replaced is kept beside it as NAME.log.old");
    }
    for (ManifestState.SequencedCompaction unfinished :
        Installation.of(survey.state(), storage).toAdopt()) {
      throw new CannotRestoreException(
          "run " + unfinished.edit().runId() + " is not finished here: open and close the store");
    }
    Map<String, List<Edit.SegmentFile>> sealed = new LinkedHashMap<>();
    for (String keyspace : survey.state().keyspaces().keySet()) {
      List<Edit.SegmentFile> before = before(runId, keyspace);
      if (before != null) {
        sealed.put(keyspace, before);
      }
    }
    if (sealed.isEmpty()) {
      throw new CannotRestoreException(
          "the manifest tells of no compaction by a run called " + runId);
    }
    requireWhole(sealed);
    RepairFolder folder = RepairFolder.begin(storage, nowMs);
    new LogReplacement(storage, survey, folder).replace(sealed);
    folder.report(report(runId));
    folder.end();
    return new RestoredSegments(folder.name(), runs, files, bytes);
  }

  /** The keyspace's sealed segments as if the run and all later ones had not been; null: no run. */
  private @Nullable List<Edit.SegmentFile> before(String runId, String keyspace)
      throws IOException {
    List<ManifestState.SequencedCompaction> later = new ArrayList<>();
    int undone = 0; // a run may have made several edits: all of them go
    for (ManifestState.SequencedCompaction compaction : survey.state().compactions().reversed()) {
      if (compaction.edit().keyspace().equals(keyspace)) {
        later.add(compaction);
        if (compaction.edit().runId().equals(runId)) {
          undone = later.size();
        }
      }
    }
    ManifestState.KeyspaceState state = survey.state().keyspaces().get(keyspace);
    if (undone == 0 || state == null) {
      return null;
    }
    List<Edit.SegmentFile> sealed = new ArrayList<>(state.sealed());
    for (ManifestState.SequencedCompaction compaction : later.subList(0, undone)) {
      requireStillThere(compaction);
      undo(compaction, sealed);
      runs.add(compaction.edit().runId());
    }
    return sealed;
  }

  private void requireStillThere(ManifestState.SequencedCompaction compaction)
      throws CannotRestoreException {
    String run = "run " + compaction.edit().runId();
    if (compaction.edit().forceDelete()) {
      throw new CannotRestoreException(run + " was asked to delete what it replaced at once");
    }
    if (compaction.sequence() < survey.state().checkpoint()) {
      throw new CannotRestoreException(
          "the checkpoint at sequence "
              + survey.state().checkpoint()
              + " has let go what "
              + run
              + " replaced");
    }
  }

  private static void undo(
      ManifestState.SequencedCompaction compaction, List<Edit.SegmentFile> sealed)
      throws CannotRestoreException {
    int at = sealed.size();
    for (Edit.SegmentFile output : compaction.edit().outputs()) {
      int found = sealed.indexOf(output);
      if (found < 0) {
        throw new CannotRestoreException(
            output.id().logPath(compaction.edit().keyspace()) + " is part of no store any more");
      }
      at = Math.min(at, found);
      sealed.remove(output);
    }
    sealed.addAll(Math.min(at, sealed.size()), compaction.inputs());
  }

  /** What shall be named is there and is what was written; what goes may be damaged. */
  private void requireWhole(Map<String, List<Edit.SegmentFile>> sealed) throws IOException {
    for (Map.Entry<String, List<Edit.SegmentFile>> keyspace : sealed.entrySet()) {
      for (Edit.SegmentFile file : keyspace.getValue()) {
        String path = file.id().logPath(keyspace.getKey());
        SurveyedSegment segment = segments.remove(path);
        if (segment == null || !segment.present) {
          throw new CannotRestoreException(path + " is gone");
        }
        if (segment.damaged) {
          throw new CannotRestoreException(path + " is damaged; varve verify says where");
        }
        if (segment.role == Role.RETIRED) {
          files.add(path);
          bytes += file.length();
        }
      }
    }
    for (Finding finding : survey.verification().findings()) {
      SurveyedSegment of = segments.get(finding.file());
      boolean goes = of != null && of.role == Role.SEALED && sealed.containsKey(of.keyspace);
      if (finding.severity() == Severity.DAMAGE && !goes) {
        throw new CannotRestoreException(
            finding.file()
                + " is damaged or unfinished, repair the directory first: "
                + finding.detail());
      }
    }
    for (SurveyedSegment segment : survey.segments()) {
      if (segment.role == Role.ACTIVE && !segment.survey.bad().isEmpty()) {
        throw new CannotRestoreException(
            segment.path() + " has a torn end: open and close the store first");
      }
    }
  }

  private List<String> report(String runId) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "restored the segments that run " + runId + " replaced; undone, newest first: " + runs);
    files.forEach(file -> lines.add("restored " + file));
    return lines;
  }
}
