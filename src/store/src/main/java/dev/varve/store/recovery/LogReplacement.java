package dev.varve.store.recovery;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.CutOff;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Replaces the manifest of an undamaged store by one that names other segments of its keyspaces,
 * and sets aside what it does not name. The folder's mark keeps the store shut meanwhile.
 */
final class LogReplacement {
  private final Storage storage;
  private final StoreSurvey survey;
  private final RepairFolder folder;

  LogReplacement(Storage storage, StoreSurvey survey, RepairFolder folder) {
    this.storage = storage;
    this.survey = survey;
    this.folder = folder;
  }

  /**
   * Durable on return.
   *
   * @param sealed by keyspace what its sealed segments are from now on; of others they stay
   */
  void replace(Map<String, List<Edit.SegmentFile>> sealed) throws IOException {
    for (String path : Repair.IDENTITY) {
      if (storage.exists(path)) {
        folder.copy(path);
        storage.delete(path);
        storage.syncDirectory("");
      }
    }
    folder.copy(ManifestState.PATH);
    NewManifest manifest = new NewManifest(survey.highestSequence(), survey.highestTerm());
    for (ManifestState.KeyspaceState keyspace : survey.state().keyspaces().values()) {
      add(manifest, keyspace, sealed.getOrDefault(keyspace.name(), keyspace.sealed()));
    }
    survey.state().timeMarks().all().forEach(manifest::add);
    manifest.install(storage);
    RepairFolder.deleteIfPresent(storage, DurableMark.PATH);
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.confirm(manifest.lastSequence());
    }
    storage.syncDirectory("");
    Orphans orphans = new Orphans(manifest.state(), Installation.of(manifest.state(), storage));
    for (String path :
        orphans.find(storage, new LinkedHashSet<>(manifest.state().keyspaces().keySet()))) {
      folder.move(path);
    }
  }

  private void add(
      NewManifest manifest, ManifestState.KeyspaceState keyspace, List<Edit.SegmentFile> sealed)
      throws IOException {
    List<Edit.SegmentFile> files = new ArrayList<>(sealed);
    long number = keyspace.highestNumber();
    for (SurveyedSegment segment : survey.segments()) {
      boolean open = segment.role == SurveyedSegment.Role.ACTIVE;
      if (open && segment.keyspace.equals(keyspace.name()) && segment.length > 0) {
        files.add(new Edit.SegmentFile(segment.id, segment.length, segment.survey.crc()));
      }
    }
    for (Edit.SegmentFile file : files) {
      if (!storage.exists(file.id().hintPath(keyspace.name()))) {
        try (StorageFile segment = storage.open(file.id().logPath(keyspace.name()))) {
          HintFiles.write(storage, keyspace.name(), file, segment);
        }
      }
    }
    SegmentId active = new SegmentId(manifest.term(), number + 1);
    RepairFolder.deleteIfPresent(storage, active.logPath(keyspace.name()));
    storage.create(active.logPath(keyspace.name())).close();
    storage.syncDirectory(keyspace.name());
    manifest.add(keyspace.name(), keyspace.type(), keyspace.segmentBytes(), files, active);
    if (!keyspace.cutOff().equals(CutOff.NONE)) {
      CutOff cutOff = keyspace.cutOff();
      manifest.add(new Edit.CutOff(keyspace.name(), cutOff.sequence(), cutOff.firstId()));
    }
  }
}
