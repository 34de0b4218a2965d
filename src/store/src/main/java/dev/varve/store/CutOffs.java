package dev.varve.store;

import dev.varve.store.manifest.CutOff;
import dev.varve.store.manifest.Edit;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;

/** Raises cut-offs on a leader, one after the other, so that each knows what it hid. */
final class CutOffs {
  private final StoreRuntime runtime;
  private final GroupCommit writer;
  private final Maintenance maintenance;
  private final ReentrantLock raising = new ReentrantLock();

  CutOffs(StoreRuntime runtime, GroupCommit writer, Maintenance maintenance) {
    this.runtime = runtime;
    this.writer = writer;
    this.maintenance = maintenance;
  }

  /** Where a cut-off should go; asked while no other one of this store is under way. */
  interface Aim {
    CutOff at() throws IOException;
  }

  /**
   * What was raised.
   *
   * @param before the cut-off before
   * @param after the cut-off now; the same if there was nothing to hide
   * @param bytes that became removable: of the records that were live and are hidden now
   */
  record Raised(CutOff before, CutOff after, long bytes) {}

  /**
   * Hides what the aim says; on return that is committed, and dead by the figures.
   *
   * @throws NotLeaderException if nothing was hidden since this store does not lead
   * @throws OutcomeUnknownException if it may or may not happen
   */
  Raised raise(Keyspace keyspace, Aim aim) throws IOException {
    raising.lock();
    try {
      CutOff before = keyspace.cutOff();
      CutOff to = before.raisedTo(aim.at());
      if (to.equals(before)) {
        return new Raised(before, before, 0);
      }
      long sweptBefore = keyspace.sweptBytes();
      CompletableFuture<Long> committed = new CompletableFuture<>();
      writer.submit(
          new Operation.Propose(
              new Edit.CutOff(keyspace.name(), to.sequence(), to.firstId()), committed));
      runtime.await(committed);
      runtime.await(maintenance.swept(keyspace));
      return new Raised(before, to, keyspace.sweptBytes() - sweptBefore);
    } finally {
      raising.unlock();
    }
  }
}
