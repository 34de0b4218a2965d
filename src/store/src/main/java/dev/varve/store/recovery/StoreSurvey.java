package dev.varve.store.recovery;

import dev.varve.store.format.KeydirCheckpointDamagedException;
import dev.varve.store.format.KeydirCheckpointReader;
import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.RunListDamagedException;
import dev.varve.store.format.RunListReader;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.EditCodec;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.recovery.Finding.Severity;
import dev.varve.store.recovery.SurveyedSegment.Role;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads all of a store's directory, whatever is wrong with it; changes nothing. */
final class StoreSurvey {
  private final Storage storage;
  private final RecoveryProgress progress;
  private final List<Finding> findings = new ArrayList<>();
  private final List<RecordedEdit> edits = new ArrayList<>();
  private final List<SurveyedSegment> segments = new ArrayList<>();
  private final Tally tally = new Tally();
  private final SnapshotParts snapshotParts = new SnapshotParts();
  private ManifestState state = new ManifestState();
  private long cutAfter = CutIntent.NONE;
  private DurableMark.Reading mark = DurableMark.Reading.NONE;
  private boolean installing;
  private boolean manifestDamaged;
  private boolean opens;
  private long kept;
  private long durableSequence;
  private List<SegmentSurvey.BadRange> badInManifest = List.of();
  private @Nullable CorruptionException refusal;
  private Map<String, Recovery.TailEnd> tailEnds = Map.of();
  private long bytesInAll;

  /** What was counted, and the batches that are not known to have been durable. */
  private static final class Tally {
    long files;
    long bytes;
    long records;
    long highestSequence;
    long highestTerm;
    final Map<Long, int[]> beyondDurable = new LinkedHashMap<>();
  }

  private StoreSurvey(Storage storage, RecoveryProgress progress) {
    this.storage = storage;
    this.progress = progress;
  }

  static StoreSurvey take(Storage storage, RecoveryProgress progress) throws IOException {
    StoreSurvey survey = new StoreSurvey(storage, progress);
    survey.run();
    return survey;
  }

  Verification verification() {
    return new Verification(findings, tally.files, tally.bytes, tally.records, durableSequence);
  }

  boolean installing() {
    return installing;
  }

  boolean markGood() {
    return mark.whole();
  }

  /** The last sequence that is known to have been durable. */
  long durableSequence() {
    return durableSequence;
  }

  /** What the edits that remain add up to. */
  ManifestState state() {
    return state;
  }

  List<SurveyedSegment> segments() {
    return segments;
  }

  boolean manifestDamaged() {
    return manifestDamaged;
  }

  /** Above every sequence that anything here tells of. */
  long highestSequence() {
    ManifestSnapshot snapshot = snapshotParts.snapshot();
    long committed = Math.max(mark.committed(), snapshot == null ? 0 : snapshot.committed());
    return Math.max(tally.highestSequence, Math.max(mark.durable(), committed));
  }

  long highestTerm() {
    return tally.highestTerm;
  }

  private void run() throws IOException {
    installing = storage.exists(DirectoryMarks.INSTALLING);
    if (installing) {
      find(
          Severity.DAMAGE,
          DirectoryMarks.INSTALLING,
          "the directory holds half an image or backup",
          "nothing: restore the backup again, or let the member copy again");
      return;
    }
    if (storage.exists(DirectoryMarks.REPAIRING)) {
      find(
          Severity.DAMAGE,
          DirectoryMarks.REPAIRING,
          "a repair was begun and not finished",
          "finishes it");
    }
    readMark();
    readManifest();
    durableSequence = highestDurable();
    readCut();
    judgeOpening();
    applyEdits();
    surveySegments();
    explainRefusal();
    checkRunLists();
    checkKeydirs();
    findUnnamed();
  }

  private void readMark() throws IOException {
    mark = DurableMark.peek(storage);
    if (!mark.usable()) {
      find(
          Severity.DEFECT,
          DurableMark.PATH,
          "the mark of what is durable is not what was written, and opening refuses it; a torn end"
              + " of the log can't be told from a damaged one",
          "writes it anew");
    } else if (!mark.whole()) {
      find(
          Severity.DEFECT,
          DurableMark.PATH,
          "one of its two marks is not what was written; the other one tells",
          "writes it anew");
    }
  }

  private void readCut() throws IOException {
    try {
      cutAfter = CutIntent.read(storage);
    } catch (CorruptionException e) {
      find(
          Severity.DAMAGE,
          CutIntent.PATH,
          "the intent to cut is not what was written",
          "sets it aside; what it was to remove stays");
      return;
    }
    boolean ofAnEarlierManifest =
        storage.exists(DirectoryMarks.REPAIRING)
            && snapshotParts.snapshot() == null // a repair writes a manifest without one
            && !edits.isEmpty()
            && edits.getFirst().sequence() > cutAfter;
    if (ofAnEarlierManifest) {
      cutAfter = CutIntent.NONE;
    }
  }

  private void readManifest() throws IOException {
    if (!storage.exists(ManifestState.PATH)) {
      return;
    }
    long[] before = {0};
    try (StorageFile file = storage.open(ManifestState.PATH)) {
      SegmentSurvey survey =
          SegmentSurvey.read(file, ManifestState.PATH, file.size(), at -> takeEdit(at, before));
      tally.files++;
      tally.bytes += file.size();
      tally.records += survey.records();
      badInManifest = survey.bad();
    }
  }

  private @Nullable String takeEdit(SegmentScanner at, long[] before) {
    try {
      if (snapshotParts.take(at)) {
        before[0] = at.sequence();
        seen(at);
        return null;
      }
    } catch (InconsistentEditException e) {
      return String.valueOf(e.getMessage());
    }
    if (at.kind() != RecordKind.EDIT || at.sequence() <= before[0]) {
      return "a record that is no next edit";
    }
    before[0] = at.sequence();
    seen(at);
    try {
      edits.add(EditCodec.decode(at.sequence(), at.term(), at.record().value()));
      return null;
    } catch (InconsistentEditException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private void seen(SegmentScanner at) {
    tally.highestSequence = Math.max(tally.highestSequence, at.sequence());
    tally.highestTerm = Math.max(tally.highestTerm, at.term());
  }

  /** Whether recovery takes the log as it is, and how much of it. */
  private void judgeOpening() throws IOException {
    try (Recovery recovery = Recovery.begin(storage, cutAfter, mark.durable(), mark.committed())) {
      recovery.replayTail(new Nowhere());
      opens = true;
      kept = recovery.kept();
      tailEnds = recovery.tailEnds();
    } catch (CorruptionException e) {
      refusal = e;
    }
    if (opens && kept == 0 && anySegmentHasBytes()) {
      opens = false;
      refusal =
          new CorruptionException(
              ManifestState.PATH, 0, "the manifest is empty but segments are not");
    }
    for (SegmentSurvey.BadRange range : badInManifest) {
      manifestDamaged |= !opens;
      findings.add(
          new Finding(
              opens ? Severity.NOTE : Severity.DAMAGE,
              ManifestState.PATH,
              range.offset(),
              range.length(),
              range.detail(),
              opens
                  ? "nothing: the next opening cuts what a crash left of an append"
                  : "writes the manifest anew from the edits and segments that are good"));
    }
    CorruptionException why = refusal;
    if (why != null && why.file().equals(ManifestState.PATH) && badInManifest.isEmpty()) {
      manifestDamaged = true;
      findings.add(
          new Finding(
              Severity.DAMAGE,
              ManifestState.PATH,
              why.offset(),
              0,
              String.valueOf(why.getMessage()),
              "writes the manifest anew from the edits and segments that are good"));
    }
  }

  private static final class Nowhere implements TailSink {
    @Override
    public void batch(long sequence, long term, List<TailRecord> records) {}

    @Override
    public void edit(RecordedEdit edit, long offset, int length) {}
  }

  private boolean anySegmentHasBytes() throws IOException {
    for (String path : logFiles()) {
      try (StorageFile file = storage.open(path)) {
        if (file.size() > 0) {
          return true;
        }
      }
    }
    return false;
  }

  /** Everything in the top folders that is named like a segment. */
  private List<String> logFiles() throws IOException {
    List<String> paths = new ArrayList<>();
    for (String folder : storage.list("")) {
      if (folder.startsWith("_")) {
        continue;
      }
      for (String name : storage.list(folder)) {
        if (idOf(name) != null) {
          paths.add(folder + '/' + name);
        }
      }
    }
    return paths;
  }

  private static @Nullable SegmentId idOf(String name) {
    if (!name.endsWith(SegmentId.LOG_SUFFIX)) {
      return null;
    }
    try {
      return SegmentId.parse(name.substring(0, name.length() - SegmentId.LOG_SUFFIX.length()));
    } catch (IllegalArgumentException e) {
      return null; // somebody else's file
    }
  }

  private void applyEdits() {
    ManifestSnapshot snapshot = snapshotParts.snapshot();
    if (snapshot != null) {
      try {
        state = new ManifestState(snapshot);
      } catch (InconsistentEditException e) {
        manifestDamaged = true;
        find(
            Severity.DAMAGE,
            ManifestState.PATH,
            String.valueOf(e.getMessage()),
            "leaves the snapshot out of the manifest that it writes anew");
      }
    }
    for (RecordedEdit edit : edits) {
      if (opens && edit.sequence() > kept) {
        continue;
      }
      try {
        state.apply(edit);
      } catch (InconsistentEditException e) {
        manifestDamaged = true;
        findings.add(
            new Finding(
                Severity.DAMAGE,
                ManifestState.PATH,
                0,
                0,
                "edit of sequence " + edit.sequence() + ": " + e.getMessage(),
                "leaves this edit out of the manifest that it writes anew"));
      }
    }
  }

  private void surveySegments() throws IOException {
    Installation installation = Installation.of(state, storage);
    Map<String, SurveyedSegment> wanted = new LinkedHashMap<>();
    for (ManifestState.KeyspaceState keyspace : state.keyspaces().values()) {
      for (Edit.SegmentFile file : installation.sealed(keyspace.name())) {
        want(wanted, new SurveyedSegment(keyspace.name(), file.id(), Role.SEALED, file));
      }
      SegmentId active = keyspace.active();
      if (active != null) {
        want(
            wanted,
            new SurveyedSegment(keyspace.name(), active, Role.ACTIVE, null, keyspace.activeBase()));
      }
    }
    for (ManifestState.SequencedCompaction compaction : installation.retired()) {
      for (Edit.SegmentFile input : compaction.inputs()) {
        String keyspace = compaction.edit().keyspace();
        if (storage.exists(input.id().logPath(keyspace))) {
          want(wanted, new SurveyedSegment(keyspace, input.id(), Role.RETIRED, input));
        }
      }
    }
    if (manifestDamaged) {
      addFound(wanted);
    }
    for (SurveyedSegment segment : wanted.values()) {
      if (storage.exists(segment.path())) {
        try (StorageFile file = storage.open(segment.path())) {
          bytesInAll += file.size();
        }
      }
    }
    for (SurveyedSegment segment : wanted.values()) {
      survey(segment);
      segments.add(segment);
    }
  }

  /** What keeps the store shut is said even where no single byte range is to blame. */
  private void explainRefusal() {
    CorruptionException why = refusal;
    if (why != null
        && findings.stream()
            .noneMatch(f -> f.severity() == Severity.DAMAGE && f.file().equals(why.file()))) {
      findings.add(
          new Finding(
              Severity.DAMAGE,
              why.file(),
              why.offset(),
              0,
              String.valueOf(why.getMessage()),
              "goes on with what is there"));
    }
  }

  private static void want(Map<String, SurveyedSegment> wanted, SurveyedSegment segment) {
    wanted.putIfAbsent(segment.path(), segment);
  }

  /** Where edits were lost, segments made after those that are known may hold data. */
  private void addFound(Map<String, SurveyedSegment> wanted) throws IOException {
    for (String path : logFiles()) {
      int slash = path.indexOf('/');
      String keyspace = path.substring(0, slash);
      SegmentId id = idOf(path.substring(slash + 1));
      ManifestState.KeyspaceState known = state.keyspaces().get(keyspace);
      if (id != null && (known == null || id.number() > known.highestNumber())) {
        want(wanted, new SurveyedSegment(keyspace, id, Role.FOUND, null));
      }
    }
  }

  private void survey(SurveyedSegment segment) throws IOException {
    long before = tally.bytes;
    SegmentCheck.run(
        storage,
        segment,
        at -> {
          seen(at);
          noteBatch(at);
          progress.read(segment.path(), before + at.offset(), bytesInAll);
          return null;
        },
        (detail, offset) ->
            findings.add(
                new Finding(
                    Severity.DEFECT,
                    segment.id.hintPath(segment.keyspace),
                    offset,
                    0,
                    detail,
                    segment.role == Role.RETIRED
                        ? "sets it aside: a compaction has replaced the segment"
                        : "writes it anew from the segment")));
    tally.files += segment.present ? 1 : 0;
    tally.bytes += segment.length;
    tally.records += segment.survey.records();
    report(segment);
  }

  private void noteBatch(SegmentScanner at) {
    if (mark.exists() && mark.usable() && at.sequence() > durableSequence) {
      int[] counted =
          tally.beyondDurable.computeIfAbsent(at.sequence(), s -> new int[] {0, at.batchSize()});
      counted[0]++;
    }
  }

  private long highestDurable() {
    ManifestSnapshot snapshot = snapshotParts.snapshot();
    long durable = Math.max(mark.durable(), mark.committed());
    durable = Math.max(durable, snapshot == null ? 0 : snapshot.committed());
    for (RecordedEdit edit : edits) {
      durable = Math.max(durable, edit.committed());
    }
    return durable;
  }

  /**
   * The last sequence that may be kept: of what was not known to be durable the gap-free whole
   * batches. Where the mark is lost that can't be told, and everything is.
   */
  long keepUpTo() {
    if (!mark.usable() || !mark.exists()) {
      return Long.MAX_VALUE;
    }
    Set<Long> editSequences = new LinkedHashSet<>();
    edits.forEach(edit -> editSequences.add(edit.sequence()));
    long last = durableSequence;
    while (true) {
      int[] counted = tally.beyondDurable.get(last + 1);
      boolean whole = counted != null && counted[0] >= counted[1];
      if (!whole && !editSequences.contains(last + 1)) {
        return Math.min(last, cutAfter);
      }
      last++;
    }
  }

  private void report(SurveyedSegment segment) throws IOException {
    boolean active = segment.role == Role.ACTIVE || segment.role == Role.FOUND;
    Recovery.TailEnd end = tailEnds.get(segment.path());
    if (active && opens && !damagedBase(segment)) {
      long good = end == null ? segment.length : end.length();
      if (good < segment.length) {
        findings.add(
            new Finding(
                Severity.NOTE,
                segment.path(),
                good,
                segment.length - good,
                "what a crash left of writes that were not acknowledged",
                "nothing: the next opening cuts it"));
      }
      segment.damaged = false;
      return;
    }
    Severity severity = segment.role == Role.RETIRED ? Severity.DEFECT : Severity.DAMAGE;
    String repair =
        segment.role == Role.RETIRED
            ? "sets it aside: a compaction has replaced it"
            : "sets it aside and keeps its good records in a new segment";
    if (!segment.present) {
      findings.add(
          new Finding(severity, segment.path(), 0, 0, "the file is missing", "goes on without it"));
      return;
    }
    for (SegmentSurvey.BadRange range : segment.survey.bad()) {
      findings.add(
          new Finding(
              severity, segment.path(), range.offset(), range.length(), range.detail(), repair));
    }
    Edit.SegmentFile sealed = segment.sealed;
    if (sealed != null && segment.length < sealed.length()) {
      findings.add(
          new Finding(
              severity,
              segment.path(),
              segment.length,
              sealed.length() - segment.length,
              "the file should have " + sealed.length() + " bytes",
              repair));
    } else if (sealed != null && segment.damaged && segment.survey.bad().isEmpty()) {
      findings.add(
          new Finding(
              severity,
              segment.path(),
              0,
              segment.length,
              "its records are whole but are not those that were sealed",
              repair));
    }
    if (segment.role == Role.SEALED
        && !segment.damaged
        && !storage.exists(segment.id.hintPath(segment.keyspace))) {
      find(
          Severity.NOTE,
          segment.id.hintPath(segment.keyspace),
          "there is no hint, which a start would be faster with",
          "writes it");
    }
  }

  private void checkKeydirs() throws IOException {
    for (String keyspace : state.keyspaces().keySet()) {
      String path = KeydirCheckpointWriter.path(keyspace);
      if (!storage.exists(path)) {
        continue;
      }
      try (StorageFile file = storage.open(path)) {
        tally.files++;
        tally.bytes += file.size();
        KeydirCheckpointReader.verify(file, path);
      } catch (KeydirCheckpointDamagedException e) {
        find(
            Severity.DEFECT,
            path,
            String.valueOf(e.getMessage()),
            "sets it aside: a start reads hints instead");
      }
    }
  }

  /**
   * Opening reads what was copied before a swap by its hint: damage in it does not keep it shut.
   */
  private static boolean damagedBase(SurveyedSegment segment) {
    Edit.SegmentFile base = segment.base;
    return base != null
        && segment.survey.bad().stream().anyMatch(range -> range.offset() < base.length());
  }

  private void checkRunLists() throws IOException {
    Installation installation = Installation.of(state, storage);
    for (ManifestState.SequencedCompaction compaction : state.compactions()) {
      if (compaction.swap()) {
        continue; // its run list is of no use to the next opening
      }
      Edit.Compaction edit = compaction.edit();
      boolean needed = !installation.adopted(compaction.sequence());
      String path = edit.runs().runsPath(edit.keyspace());
      if (!storage.exists(path)) {
        if (needed) {
          find(
              Severity.DAMAGE,
              path,
              "the run list of a compaction that is not finished here is missing",
              "goes on from the compaction's inputs");
        }
        continue;
      }
      String wrong = wrongRunList(path, edit);
      tally.files++;
      if (wrong != null) {
        find(
            needed ? Severity.DAMAGE : Severity.DEFECT,
            path,
            wrong,
            needed ? "goes on from the compaction's inputs" : "sets it aside: nothing needs it");
      }
    }
  }

  private @Nullable String wrongRunList(String path, Edit.Compaction edit) throws IOException {
    try (StorageFile file = storage.open(path)) {
      if (file.size() != edit.runsLength()
          || FileChecksum.of(file, edit.runsLength()) != edit.runsCrc()) {
        return "the run list is not the one that the manifest names";
      }
      RunListReader runs = new RunListReader(file, path);
      while (runs.next()) {
        // Reading is the check.
      }
      return null;
    } catch (RunListDamagedException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private void findUnnamed() throws IOException {
    Orphans orphans = new Orphans(state, Installation.of(state, storage));
    Set<String> folders = new LinkedHashSet<>(state.keyspaces().keySet());
    for (String path : logFiles()) {
      folders.add(path.substring(0, path.indexOf('/')));
    }
    Set<String> found = new LinkedHashSet<>();
    segments.forEach(s -> found.add(s.path()));
    for (String path : orphans.find(storage, folders)) {
      if (!found.contains(path)) {
        String keyspace = path.substring(0, path.indexOf('/'));
        find(
            Severity.NOTE,
            path,
            "no edit of the manifest names this file",
            state.keyspaces().containsKey(keyspace)
                ? "nothing: the next opening deletes it"
                : "nothing: it stays where it is");
      }
    }
    for (String path : Orphans.ofManifest(storage)) {
      find(
          Severity.NOTE,
          path,
          "left by a roll of the manifest that was cut off",
          "nothing: the next opening deletes it");
    }
    for (String path : TemporaryFolder.leftovers(storage)) {
      find(Severity.NOTE, path, "left by a compaction", "nothing: the next opening deletes it");
    }
  }

  private void find(Severity severity, String file, String detail, String repair) {
    findings.add(new Finding(severity, file, 0, 0, detail, repair));
  }
}
