package dev.varve.store.recovery;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds what the manifest does not name (pitfalls 5, 21): temporaries, outputs of compactions that
 * never got their edit, inputs whose time is over.
 */
public final class Orphans {
  private static final List<String> SUFFIXES =
      List.of(
          SegmentId.LOG_SUFFIX,
          SegmentId.HINT_SUFFIX,
          SegmentId.RUNS_SUFFIX,
          SegmentId.TEMPORARY_SUFFIX);

  private final Set<String> named = new HashSet<>();

  /** Names everything that the committed state and this directory's part of it need. */
  public Orphans(ManifestState state, Installation installation) {
    for (ManifestState.KeyspaceState keyspace : state.keyspaces().values()) {
      String name = keyspace.name();
      installation.sealed(name).forEach(file -> nameSegment(name, file.id()));
      SegmentId active = keyspace.active();
      if (active != null) {
        nameSegment(name, active);
      }
    }
    for (ManifestState.SequencedCompaction compaction : installation.toAdopt()) {
      nameCompaction(compaction.edit());
    }
    for (ManifestState.SequencedCompaction compaction : installation.retired()) {
      nameCompaction(compaction.edit());
      for (SegmentId input : compaction.edit().inputs()) {
        nameSegment(compaction.edit().keyspace(), input);
      }
    }
  }

  /** Names what an edit that is not yet committed needs. */
  public void name(Edit edit) {
    switch (edit) {
      case Edit.Roll roll -> nameSegment(roll.keyspace(), roll.opened());
      case Edit.Compaction compaction -> nameCompaction(compaction);
      case Edit.Swap swap -> nameCompaction(swap.compaction());
      case Edit.TermStarted _,
          Edit.KeyspaceAdded _,
          Edit.Checkpoint _,
          Edit.Membership _,
          Edit.CutOff _,
          Edit.TimeMark _,
          Edit.RequestHorizon _,
          Edit.LayoutChosen _ -> {}
    }
  }

  private void nameCompaction(Edit.Compaction compaction) {
    compaction.outputs().forEach(output -> nameSegment(compaction.keyspace(), output.id()));
    named.add(compaction.runs().runsPath(compaction.keyspace()));
  }

  private void nameSegment(String keyspace, SegmentId id) {
    named.add(id.logPath(keyspace));
    named.add(id.hintPath(keyspace));
  }

  /** The paths of the rest in these keyspaces' folders. */
  public List<String> find(Storage storage, Collection<String> keyspaces) throws IOException {
    List<String> found = new ArrayList<>();
    for (String keyspace : keyspaces) {
      for (String name : storage.list(keyspace)) {
        String path = keyspace + '/' + name;
        if (!named.contains(path) && SUFFIXES.stream().anyMatch(name::endsWith)) {
          found.add(path);
        }
      }
    }
    return found;
  }

  /** The path of what a roll of the manifest left that a crash cut off, or that of a repair. */
  public static List<String> ofManifest(Storage storage) throws IOException {
    String temporary = ManifestState.PATH + SegmentId.TEMPORARY_SUFFIX;
    return storage.exists(temporary) ? List.of(temporary) : List.of();
  }

  /**
   * The paths of the empty segments of a keyspace that no edit tells of: its first group was lost
   * in a crash, and nothing is written before that group is durable.
   */
  public List<String> findEmpty(Storage storage, String keyspace) throws IOException {
    List<String> found = new ArrayList<>();
    for (String name : storage.list(keyspace)) {
      String path = keyspace + '/' + name;
      if (name.endsWith(SegmentId.LOG_SUFFIX) && isEmpty(storage, path)) {
        found.add(path);
      }
    }
    return found;
  }

  private static boolean isEmpty(Storage storage, String path) throws IOException {
    try (StorageFile file = storage.open(path)) {
      return file.size() == 0;
    }
  }
}
