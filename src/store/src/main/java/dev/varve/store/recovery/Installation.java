package dev.varve.store.recovery;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Which committed compactions this directory has adopted. One is adopted when each of its outputs
 * has its name here, or went into a later compaction that is adopted: outputs get their names
 * verified and synced, and only then inputs may go.
 */
public final class Installation {
  private final ManifestState state;
  private final Set<Long> missing = new HashSet<>();

  private Installation(ManifestState state) {
    this.state = state;
  }

  /** Compares what the manifest names with the files that are there; changes nothing. */
  public static Installation of(ManifestState state, Storage storage) throws IOException {
    Installation installation = new Installation(state);
    Set<String> consumed = new HashSet<>();
    for (ManifestState.SequencedCompaction compaction : state.compactions().reversed()) {
      String keyspace = compaction.edit().keyspace();
      boolean whole = true;
      if (compaction.swap()) {
        continue; // its output was whole before the edit, and whoever opens the file checks that
      }
      for (Edit.SegmentFile output : compaction.edit().outputs()) {
        String path = output.id().logPath(keyspace);
        whole &= consumed.contains(path) || hasLength(storage, path, output.length());
      }
      if (whole) {
        for (SegmentId input : compaction.edit().inputs()) {
          consumed.add(input.logPath(keyspace));
        }
      } else {
        installation.missing.add(compaction.sequence());
      }
    }
    return installation;
  }

  private static boolean hasLength(Storage storage, String path, long length) throws IOException {
    if (!storage.exists(path)) {
      return false;
    }
    try (StorageFile file = storage.open(path)) {
      return file.size() == length;
    }
  }

  /** Whether the compaction with this edit sequence is adopted here. */
  public boolean adopted(long sequence) {
    return !missing.contains(sequence);
  }

  /** The compactions still to adopt, in order. */
  public List<ManifestState.SequencedCompaction> toAdopt() {
    return state.compactions().stream().filter(c -> !adopted(c.sequence())).toList();
  }

  /** Adopted ones, swaps of single files apart, whose inputs must stay until a later checkpoint. */
  public List<ManifestState.SequencedCompaction> retired() {
    return state.compactions().stream()
        .filter(c -> adopted(c.sequence()) && !c.swap())
        .filter(c -> !c.edit().forceDelete() && c.sequence() > state.checkpoint())
        .toList();
  }

  /** The sealed segments that hold a keyspace's data here, in order. */
  public List<Edit.SegmentFile> sealed(String keyspace) {
    ManifestState.KeyspaceState known = state.keyspaces().get(keyspace);
    List<Edit.SegmentFile> files = new ArrayList<>(known == null ? List.of() : known.sealed());
    for (ManifestState.SequencedCompaction compaction : toAdopt().reversed()) {
      if (compaction.edit().keyspace().equals(keyspace)) {
        int at = 0;
        for (Edit.SegmentFile output : compaction.edit().outputs()) {
          at = Math.max(files.indexOf(output), 0);
          files.remove(output);
        }
        files.addAll(Math.min(at, files.size()), compaction.inputs());
      }
    }
    return files;
  }
}
