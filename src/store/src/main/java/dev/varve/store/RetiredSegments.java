package dev.varve.store;

import dev.varve.store.recovery.CannotRestoreException;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.RecoveryProgress;
import dev.varve.store.recovery.RestoredSegments;
import dev.varve.store.recovery.UndoCompaction;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.List;

/** What compactions replaced and no checkpoint has let go yet. */
public final class RetiredSegments {
  private static final System.Logger LOG = System.getLogger(RetiredSegments.class.getName());

  private RetiredSegments() {}

  /**
   * Undoes a compaction and all later ones of its keyspaces: the segments that they replaced are
   * the store's again, with their records' sequences, and what they wrote is set aside. Writes and
   * deletes since then stay: the newest record of a key counts. So what {@code Shift} dropped is
   * back, but for keys that were written or deleted since.
   *
   * <p>For a store that no process has open and that belongs to no member of a replicated shard. On
   * return all is durable and the store can be opened. A replica that copied this store copies it
   * anew.
   *
   * @param nowMs wall-clock milliseconds, for the name of the folder with what was set aside
   * @throws CannotRestoreException if there is no such run, a checkpoint or {@code forceDelete} has
   *     let the segments go, one of them is damaged, or the store is a replicated member's; nothing
   *     was changed, but what opening the store tidies up
   * @throws dev.varve.store.storage.StoreLockedException if somebody has the store open
   */
  public static RestoredSegments restore(
      Storage storage, StoreRuntime runtime, String runId, long nowMs, RecoveryProgress progress)
      throws IOException {
    StoreOptions noNewKeyspaces = StoreOptions.defaults().withKeyspaces(List.of());
    // Opening settles what a crash left; it deletes no segment that a run has replaced.
    try (Store store = Store.open(noNewKeyspaces, storage, runtime)) {
      runtime.await(store.parts().adoption().whenIdle());
    } catch (CorruptionException e) {
      // What is damaged may be what goes; all else is refused below.
      LOG.log(System.Logger.Level.INFO, "the store does not open: {0}", e.getMessage());
    }
    return UndoCompaction.run(storage, runId, nowMs, progress);
  }
}
