package dev.varve.store.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A directory's names: as look-ups see them, as they are durable, and the changes between the two.
 * Guarded by its storage.
 */
final class SimulatedDirectory {

  /**
   * A change that no sync of the directory has covered; all of it becomes durable or nothing.
   *
   * @param removed the name that goes; null: none
   * @param added the name that comes or is replaced; null: none
   */
  private record Change(
      @Nullable String removed, @Nullable String added, @Nullable SimulatedInode inode) {}

  private final Map<String, SimulatedInode> visible = new TreeMap<>();
  private final Map<String, SimulatedInode> durable = new TreeMap<>();
  private final List<Change> unsynced = new ArrayList<>();

  Map<String, SimulatedInode> names() {
    return visible;
  }

  void put(String name, SimulatedInode inode) {
    apply(visible, record(new Change(null, name, inode)));
  }

  void remove(String name) {
    apply(visible, record(new Change(name, null, null)));
  }

  void rename(String from, String to, SimulatedInode inode) {
    apply(visible, record(new Change(from, to, inode)));
  }

  void sync() {
    for (Change change : unsynced) {
      apply(durable, change);
    }
    unsynced.clear();
  }

  void dropUnsynced() {
    unsynced.clear();
  }

  /** The directory as it may be found after a crash, with its files likewise. */
  SimulatedDirectory afterCrash(
      SplittableRandom random, Map<SimulatedInode, SimulatedInode> inodesLeft) {
    Map<String, SimulatedInode> kept = new TreeMap<>(durable);
    boolean inOrder = random.nextBoolean();
    int prefix = random.nextInt(unsynced.size() + 1);
    for (int i = 0; i < unsynced.size(); i++) {
      if (inOrder ? i < prefix : random.nextBoolean()) {
        apply(kept, unsynced.get(i));
      }
    }
    SimulatedDirectory left = new SimulatedDirectory();
    kept.forEach(
        (name, inode) -> {
          SimulatedInode found = inodesLeft.computeIfAbsent(inode, i -> i.afterCrash(random));
          left.visible.put(name, found);
          left.durable.put(name, found);
        });
    return left;
  }

  /** The directory as look-ups see it, with its files likewise, all of it durable. */
  SimulatedDirectory allSynced(Map<SimulatedInode, SimulatedInode> inodesLeft) {
    SimulatedDirectory left = new SimulatedDirectory();
    visible.forEach(
        (name, inode) -> {
          SimulatedInode found = inodesLeft.computeIfAbsent(inode, SimulatedInode::allSynced);
          left.visible.put(name, found);
          left.durable.put(name, found);
        });
    return left;
  }

  private Change record(Change change) {
    unsynced.add(change);
    return change;
  }

  private static void apply(Map<String, SimulatedInode> names, Change change) {
    if (change.removed() != null) {
      names.remove(change.removed());
    }
    if (change.added() != null && change.inode() != null) {
      names.put(change.added(), change.inode());
    }
  }
}
