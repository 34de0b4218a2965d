package dev.varve.store.recovery;

import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.CutOff;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.Finding.Severity;
import dev.varve.store.recovery.SurveyedSegment.Role;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes a store that can be opened from what is good in a directory, and says exactly what is gone.
 * Never part of opening a store: it may lose what a copy from another member would not.
 *
 * <p>Without damage, hints and marks are written anew and the log stays as it is. With damage,
 * whole segments stay, the good records of damaged ones go into new segments, and a new manifest
 * names these alone. Replaced files are kept in a folder {@code _repair-<time>}, with the report. A
 * directory of a replicated member loses its identity first: its log is no longer the one that the
 * member's acknowledgements were made from.
 */
public final class Repair {
  /** By these replication knows whose directory it is, and how far its log reached before. */
  static final List<String> IDENTITY = List.of("_r-member", "_r-prior");

  /** Segment sizes are a mere setting; where the edit that held one is lost, this is used. */
  private static final long SEGMENT_BYTES = 64L << 20;

  private final Storage storage;
  private final StoreSurvey survey;
  private final RepairFolder folder;
  private final List<String> actions = new ArrayList<>();
  private final List<RepairReport.Loss> losses = new ArrayList<>();
  private final List<LostRecord> lostRecords = new ArrayList<>();
  private long restoredTombstones;
  private boolean mayComeBack;
  private boolean identityInvalidated;

  private Repair(Storage storage, StoreSurvey survey, RepairFolder folder) {
    this.storage = storage;
    this.survey = survey;
    this.folder = folder;
  }

  /**
   * Repairs a directory. On return everything is durable and a store can be opened. After an
   * exception or a crash the directory either is as it was or is refused by {@code Store.open}
   * until this has run again and ended; nothing is lost by that.
   *
   * @param nowMs wall-clock milliseconds, for the folder's name
   * @throws dev.varve.store.storage.StoreLockedException if somebody has the store open
   * @throws CannotRepairException if the directory holds half an image or backup
   */
  public static RepairReport run(Storage storage, long nowMs, RecoveryProgress progress)
      throws IOException {
    try (Closeable _ = storage.lock(DirectoryMarks.LOCK)) {
      StoreSurvey survey = StoreSurvey.take(storage, progress);
      Verification found = survey.verification();
      if (survey.installing()) {
        throw new CannotRepairException(
            "the directory holds half an image or backup: restore it again, or empty the directory"
                + " and let the member copy again");
      }
      if (found.clean()) {
        return new RepairReport("", List.of(), List.of(), List.of(), List.of(), 0, false, false, 0);
      }
      boolean unfinished = storage.exists(DirectoryMarks.REPAIRING);
      Repair repair = new Repair(storage, survey, RepairFolder.begin(storage, nowMs));
      boolean damaged =
          found.findings().stream()
              .anyMatch(
                  f ->
                      f.severity() == Severity.DAMAGE
                          && !f.file().equals(DirectoryMarks.REPAIRING));
      return damaged ? repair.salvage(found) : repair.mend(found, unfinished);
    }
  }

  /** The log is whole: only what stands beside it is written anew. */
  private RepairReport mend(Verification found, boolean unfinished) throws IOException {
    if (unfinished) {
      setCutAside();
    }
    for (SurveyedSegment segment : survey.segments()) {
      Edit.SegmentFile sealed = segment.sealed;
      String hint = segment.id.hintPath(segment.keyspace);
      if (segment.role == Role.RETIRED && segment.damaged) {
        setSegmentAside(segment);
      } else if (segment.role == Role.RETIRED && !segment.hintGood && storage.exists(hint)) {
        folder.move(hint);
        actions.add("set aside " + hint);
      } else if (segment.role == Role.SEALED && sealed != null && !segment.hintGood) {
        writeHint(segment, sealed);
      }
      Edit.SegmentFile base = segment.base;
      if (base != null && base.length() > 0 && !segment.hintGood) {
        writeHint(segment, base);
      }
    }
    for (Finding finding : found.findings()) {
      boolean spare =
          finding.file().endsWith(SegmentId.RUNS_SUFFIX)
              || finding.file().endsWith('/' + KeydirCheckpointWriter.FILE);
      if (finding.severity() == Severity.DEFECT && spare) {
        folder.move(finding.file());
        actions.add("set aside " + finding.file());
      }
    }
    if (!survey.markGood()) {
      folder.copy(DurableMark.PATH);
      writeMark(survey.durableSequence());
    }
    if (unfinished) {
      setUnnamedAside(survey.state());
      identityInvalidated = folder.has(IDENTITY.getFirst());
      actions.add("finished a repair that was cut off; its report says what it did before");
    }
    RepairReport report = report(found, 0);
    if (!unfinished) {
      folder.report(report.lines());
    }
    folder.end();
    return report;
  }

  private RepairReport salvage(Verification found) throws IOException {
    invalidateIdentity();
    if (storage.exists(ManifestState.PATH)) {
      folder.copy(ManifestState.PATH);
    }
    if (storage.exists(DurableMark.PATH)) {
      folder.copy(DurableMark.PATH);
    }
    NewManifest manifest = new NewManifest(survey.highestSequence(), survey.highestTerm());
    long keepUpTo = survey.keepUpTo();
    for (Map.Entry<String, List<SurveyedSegment>> keyspace : byKeyspace().entrySet()) {
      salvage(keyspace.getKey(), keyspace.getValue(), keepUpTo, manifest);
    }
    survey.state().timeMarks().all().forEach(manifest::add);
    if (survey.state().requestHorizon() > 0 || survey.manifestDamaged()) {
      // Which requests are lost nobody knows: none of before counts as new.
      manifest.add(new Edit.RequestHorizon(manifest.lastSequence()));
    }
    if (survey.manifestDamaged()) {
      mayComeBack = true;
      actions.add(
          "wrote a manifest from what is left: which compactions were done and who the members are"
              + " may be lost with the damaged part");
    } else {
      actions.add("wrote a new manifest that names the good segments");
    }
    for (Finding finding : found.findings()) {
      if (finding.severity() == Severity.DAMAGE && !isSegment(finding.file())) {
        losses.add(
            new RepairReport.Loss(
                finding.file(), finding.offset(), finding.length(), finding.detail(), -1, -1, -1));
      }
    }
    RepairReport report = report(found, manifest.lastSequence());
    folder.report(report.lines());
    manifest.install(storage);
    setCutAside();
    writeMark(manifest.lastSequence());
    setUnnamedAside(manifest.state());
    folder.end();
    return report;
  }

  private boolean isSegment(String path) {
    return survey.segments().stream().anyMatch(s -> s.path().equals(path) && s.damaged);
  }

  private void invalidateIdentity() throws IOException {
    for (String path : IDENTITY) {
      if (storage.exists(path)) {
        folder.copy(path);
        storage.delete(path);
        storage.syncDirectory("");
      }
    }
    identityInvalidated = folder.has(IDENTITY.getFirst());
  }

  private Map<String, List<SurveyedSegment>> byKeyspace() {
    Map<String, List<SurveyedSegment>> keyspaces = new LinkedHashMap<>();
    survey.state().keyspaces().keySet().forEach(name -> keyspaces.put(name, new ArrayList<>()));
    for (SurveyedSegment segment : survey.segments()) {
      if (segment.role != Role.RETIRED) {
        keyspaces.computeIfAbsent(segment.keyspace, name -> new ArrayList<>()).add(segment);
      }
    }
    return keyspaces;
  }

  private void salvage(
      String keyspace, List<SurveyedSegment> segments, long keepUpTo, NewManifest manifest)
      throws IOException {
    ManifestState.KeyspaceState known = survey.state().keyspaces().get(keyspace);
    long number = known == null ? 0 : known.highestNumber();
    for (SurveyedSegment segment : segments) {
      number = Math.max(number, segment.id.number());
    }
    storage.createDirectory(keyspace);
    storage.syncDirectory("");
    List<Edit.SegmentFile> sealed = new ArrayList<>();
    for (SurveyedSegment segment : segments) {
      number++;
      Edit.SegmentFile kept = keep(segment, new SegmentId(manifest.term(), number), keepUpTo);
      if (kept.length() > 0) {
        sealed.add(kept);
      }
    }
    SegmentId active = new SegmentId(manifest.term(), number + 1);
    RepairFolder.deleteIfPresent(storage, active.logPath(keyspace));
    storage.create(active.logPath(keyspace)).close();
    storage.syncDirectory(keyspace);
    if (known == null) {
      actions.add(
          "took "
              + keyspace
              + " for a key-value keyspace with segments of 64 MiB: its own edit is lost");
    }
    manifest.add(
        keyspace,
        known == null ? KeyspaceType.KEY_VALUE : known.type(),
        known == null ? SEGMENT_BYTES : known.segmentBytes(),
        sealed,
        active);
    if (known != null && !known.cutOff().equals(CutOff.NONE)) {
      manifest.add(new Edit.CutOff(keyspace, known.cutOff().sequence(), known.cutOff().firstId()));
    }
  }

  /** The file that holds the segment's good records from now on. */
  private Edit.SegmentFile keep(SurveyedSegment segment, SegmentId id, long keepUpTo)
      throws IOException {
    boolean open = segment.sealed == null;
    boolean bad = segment.damaged || !segment.survey.bad().isEmpty();
    boolean beyond = open && segment.present && segment.highestSequence > keepUpTo;
    if (segment.present && !bad && !beyond) {
      Edit.SegmentFile whole = segment.sealed;
      if (whole == null) {
        whole = new Edit.SegmentFile(segment.id, segment.length, segment.survey.crc());
      }
      if (whole.length() > 0 && (open || !segment.hintGood)) {
        writeHint(segment, whole);
      }
      return whole;
    }
    SegmentSalvage.Result result = SegmentSalvage.write(storage, segment, id, keepUpTo);
    restoredTombstones += result.tombstones();
    actions.add(
        "kept "
            + (result.records() - result.tombstones())
            + " records of "
            + segment.path()
            + " in "
            + id.logPath(segment.keyspace));
    if (result.dropped() > 0) {
      actions.add(
          "cut "
              + result.dropped()
              + " records of "
              + segment.path()
              + " after sequence "
              + keepUpTo
              + ", which were never known to be durable");
    }
    addLosses(segment);
    return result.sealed();
  }

  private void addLosses(SurveyedSegment segment) {
    long known = segment.allLostNamed ? segment.lostCount : -1;
    boolean restored = segment.allLostNamed && segment.lost.size() == segment.lostCount;
    for (LostRecord record : segment.lost) {
      if (record.kind().isPut()) { // lost requests show by the horizon alone
        lostRecords.add(record);
        mayComeBack = true; // an older value of the key
      }
    }
    mayComeBack |= !restored;
    Edit.SegmentFile sealed = segment.sealed;
    if (!segment.present) {
      long length = sealed == null ? 0 : sealed.length();
      losses.add(
          new RepairReport.Loss(segment.path(), 0, length, "the file is missing", -1, -1, known));
      return;
    }
    for (SegmentSurvey.BadRange range : segment.survey.bad()) {
      losses.add(
          new RepairReport.Loss(
              segment.path(),
              range.offset(),
              range.length(),
              range.detail(),
              range.sequenceBefore(),
              range.sequenceAfter(),
              segment.survey.bad().size() == 1 ? known : -1));
    }
    if (sealed != null && segment.length < sealed.length()) {
      losses.add(
          new RepairReport.Loss(
              segment.path(),
              segment.length,
              sealed.length() - segment.length,
              "the file ends too early",
              segment.highestSequence,
              -1,
              known));
    }
  }

  private void writeHint(SurveyedSegment segment, Edit.SegmentFile sealed) throws IOException {
    String path = segment.id.hintPath(segment.keyspace);
    if (storage.exists(path)) {
      folder.copy(path);
    }
    try (StorageFile file = storage.open(segment.path())) {
      HintFiles.write(storage, segment.keyspace, sealed, file);
    }
    actions.add("wrote " + path);
  }

  private void setSegmentAside(SurveyedSegment segment) throws IOException {
    for (String path : List.of(segment.id.hintPath(segment.keyspace), segment.path())) {
      if (storage.exists(path)) {
        folder.move(path);
        actions.add("set aside " + path);
      }
    }
  }

  private void setCutAside() throws IOException {
    if (storage.exists(CutIntent.PATH)) {
      folder.copy(CutIntent.PATH);
      CutIntent.remove(storage);
    }
  }

  /** Everything up to the sequence is committed and durable here. */
  private void writeMark(long sequence) throws IOException {
    RepairFolder.deleteIfPresent(storage, DurableMark.PATH);
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.confirm(sequence);
    }
    storage.syncDirectory("");
    actions.add("wrote " + DurableMark.PATH);
  }

  /** After the new manifest: what it does not name goes into the folder. */
  private void setUnnamedAside(ManifestState state) throws IOException {
    Orphans orphans = new Orphans(state, Installation.of(state, storage));
    Set<String> keyspaces = new LinkedHashSet<>(state.keyspaces().keySet());
    for (String path : orphans.find(storage, keyspaces)) {
      folder.move(path);
    }
  }

  private RepairReport report(Verification found, long lastSequence) {
    return new RepairReport(
        folder.name(),
        found.findings(),
        actions,
        losses,
        lostRecords,
        restoredTombstones,
        mayComeBack,
        identityInvalidated,
        lastSequence);
  }
}
