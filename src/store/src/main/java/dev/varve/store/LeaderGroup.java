package dev.varve.store;

import dev.varve.store.segment.CorruptRecordException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The group that a leader fills next. It takes batches while the group before is synced, so that
 * encoding costs no time of its own, and is written when that sync has ended.
 */
final class LeaderGroup {
  private final Group group;
  private final GroupBuilder builder;
  private final int bytesMax;
  private final List<Operation.Leading> taken = new ArrayList<>();
  private final List<HeldRefusals.Held> refused = new ArrayList<>();

  LeaderGroup(Group group, GroupBuilder builder, int bytesMax) {
    this.group = group;
    this.builder = builder;
    this.bytesMax = bytesMax;
  }

  Group group() {
    return group;
  }

  /** What is staged, or refused because of what is, in the order in which it came. */
  List<Operation.Leading> taken() {
    return taken;
  }

  /** Those among it whose condition does not hold if what was staged before them commits. */
  List<HeldRefusals.Held> refused() {
    return refused;
  }

  /** Those who wait for what is staged. */
  List<? extends CompletableFuture<?>> waiting() {
    return taken.stream().map(Operation.Leading::done).toList();
  }

  boolean isFull() {
    return group.bytes() >= bytesMax;
  }

  /**
   * Takes the next operations of a queue until the group is full or must be written first. Those
   * that are refused by themselves are answered, except for conditions.
   *
   * @param ahead whether the group before is not durable yet: takes batches alone, which change
   *     nothing but this group; the first edit stops that
   * @throws IOException if a file failed; the group is to be undone, and the operation that met it
   *     is among those taken
   */
  void fill(LeadingQueue from, boolean ahead) throws IOException {
    Operation.Leading next = from.peek();
    while (next != null && !isFull()) {
      try {
        if (!(ahead ? builder.stageAhead(next) : builder.stage(next))) {
          return;
        }
        taken.add(next);
      } catch (VersionMismatchException e) {
        taken.add(next);
        refused.add(new HeldRefusals.Held(next, e, group.lastSequence()));
      } catch (StoreException | CorruptRecordException | IllegalArgumentException e) {
        next.done().completeExceptionally(e);
      } catch (IOException e) {
        taken.add(next);
        from.poll();
        throw e;
      }
      from.poll();
      next = from.peek();
    }
  }
}
