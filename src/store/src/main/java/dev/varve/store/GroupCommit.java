package dev.varve.store;

import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.storage.DiskFullException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The writer: takes operations one after the other, gathers a leader's into groups, and applies
 * what is committed. One group at a time is under way; while it is synced elsewhere the next one is
 * gathered and encoded, and commits are applied. That a group is durable before the next one is
 * written is what lets recovery call a hole before the last durable sequence damage.
 *
 * <p>All but the submitting methods run on the writer's executor.
 */
final class GroupCommit {
  private final StoreRuntime runtime;
  private final StoreOptions options;
  private final LogTail tail;
  private final Applied applied;
  private final Applier applier;
  private final EntryWindow window;
  private final DurableMark mark;
  private final Published published;
  private final ReplicaAppender replica;
  private final Cutter cutter;
  private final ManifestRoll manifestRoll;
  private final InFlight inFlight = new InFlight();
  private final LeadingQueue leadings = new LeadingQueue();
  private final HeldRefusals refusals = new HeldRefusals();
  private final Queue<Operation> controls = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final AtomicLong commitTarget = new AtomicLong();

  private final Gathering gathering;
  private @Nullable LeaderGroup open;
  private boolean busy;
  private boolean closed;
  private volatile @Nullable Throwable poison;
  private @Nullable LogListener listener;
  private long term;

  GroupCommit(
      StoreRuntime runtime,
      StoreOptions options,
      LogTail tail,
      Applied applied,
      Applier applier,
      EntryWindow window,
      DurableMark mark,
      Published published,
      ManifestRoll manifestRoll) {
    this.manifestRoll = manifestRoll;
    this.runtime = runtime;
    this.options = options;
    this.tail = tail;
    this.applied = applied;
    this.applier = applier;
    this.window = window;
    this.mark = mark;
    this.published = published;
    this.gathering = runtime.gathering();
    this.replica = new ReplicaAppender(tail, options.groupBytesMax());
    this.cutter = new Cutter(tail, applied, mark);
    inFlight.reset(tail.pending(), List.of());
  }

  void submit(Operation operation) {
    if (operation instanceof Operation.Leading leading) {
      leadings.add(leading);
    } else {
      controls.add(operation);
    }
    schedule();
  }

  /** Submits an operation whose caller waits for it, and may do the writer's work meanwhile. */
  void submitAndServe(Operation.Leading operation) {
    leadings.add(operation);
    if (scheduled.compareAndSet(false, true)) {
      runtime.executeOnWriter(this::run, operation.done()::isDone);
    }
  }

  /** Whether what stopped it is a damaged record, which it had to read. */
  boolean poisonedByDamage() {
    return poison instanceof CorruptRecordException;
  }

  void commit(long sequence) {
    commitTarget.accumulateAndGet(sequence, Math::max);
    schedule();
  }

  private void schedule() {
    if (scheduled.compareAndSet(false, true)) {
      runtime.writer().execute(this::run);
    }
  }

  private void run() {
    scheduled.set(false);
    guarded(
        () -> {
          applyCommitted();
          pump();
        });
  }

  /** What goes wrong here without being foreseen must not leave anyone waiting. */
  private void guarded(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException | Error e) {
      poison(e);
      throw e;
    }
  }

  private void applyCommitted() {
    long target = Math.min(commitTarget.getAndSet(0), tail.lastSequence());
    if (poison != null || closed || target <= applied.sequence()) {
      return;
    }
    List<CompletableFuture<Long>> done = new ArrayList<>();
    List<Long> sequences = new ArrayList<>();
    try {
      Pending next = tail.firstPending();
      while (next != null && next.sequence() <= target) {
        applier.apply(next);
        tail.removeFirstPending();
        inFlight.applied(next);
        CompletableFuture<Long> waiting = next.done();
        if (waiting != null) {
          done.add(waiting);
          sequences.add(next.sequence());
        }
        next = tail.firstPending();
      }
    } catch (IOException e) {
      poison(e);
    }
    published.committed(applied.sequence(), applied.sequence());
    window.applied(applied.sequence());
    applier.published();
    if (!done.isEmpty()) {
      gathering.answered(done.size(), gathered());
    }
    for (int i = 0; i < done.size(); i++) {
      done.get(i).complete(sequences.get(i));
    }
    refusals.applied(applied.sequence());
  }

  private void pump() {
    while (!busy) {
      if (runtime.writerKeepsCaller()) {
        schedule();
        return;
      }
      if (poison == null && !closed && manifestRoll.isDue()) {
        rollManifest();
        break; // batches can be staged ahead meanwhile
      }
      Operation control = controls.poll();
      if (control != null) {
        putBackOpen();
        runControl(control);
      } else if (open == null && leadings.isEmpty()) {
        return;
      } else if (listener == null) {
        refuseLeadings();
      } else if (!hasRoom()) {
        return; // goes on when commits make room
      } else {
        writeLeadersGroup();
      }
    }
    if (listener != null && controls.isEmpty() && hasRoom()) {
      fillOpen(true);
    }
  }

  private boolean hasRoom() {
    return tail.pendingBytes() <= options.uncommittedBytesMax();
  }

  private StoreException refusal() {
    Throwable cause = poison;
    if (closed) {
      return new StoreClosedException();
    }
    return cause != null ? new StorePoisonedException(cause) : new NotLeaderException();
  }

  private void refuseLeadings() {
    StoreException refusal = refusal();
    putBackOpen();
    refusals.fail(refusal);
    for (Operation.Leading next = leadings.poll(); next != null; next = leadings.poll()) {
      next.done().completeExceptionally(refusal);
    }
  }

  /** Operations that have come and are in no written group. */
  private int gathered() {
    return leadings.size() + (open == null ? 0 : open.taken().size());
  }

  private void writeLeadersGroup() {
    if (open == null || !open.isFull()) {
      gathering.await(this::gathered, () -> commitTarget.get() > applied.sequence());
      fillOpen(false);
    }
    LeaderGroup filled = open;
    open = null;
    if (filled == null || !written(filled.group(), filled.waiting())) {
      return;
    }
    refusals.add(filled.refused(), applied.sequence());
    if (gathering.alone(filled.taken().size(), leadings.size())) {
      // Nobody would use the time: going to the syncer and back only adds to it.
      settle(sync(filled.group()), () -> {});
    } else {
      syncElsewhere(filled.group(), () -> {});
    }
  }

  /** Stages what has come; nothing is open afterwards if nothing is staged. */
  private void fillOpen(boolean ahead) {
    LeaderGroup filling = open;
    if (filling == null) {
      Group group = new Group(tail);
      filling = new LeaderGroup(group, builder(group, term), options.groupBytesMax());
    }
    try {
      filling.fill(leadings, ahead);
      open = filling;
      if (filling.group().isEmpty()) {
        open = null;
        refusals.add(filling.refused(), applied.sequence());
      }
    } catch (IOException e) {
      open = null;
      giveUp(filling.group(), filling.waiting(), e);
    }
  }

  /** Forgets what was staged ahead: files and the log's tail are as they were. */
  private void putBackOpen() {
    LeaderGroup staged = open;
    open = null;
    if (staged != null) {
      leadings.putBack(staged.taken());
      inFlight.reset(tail.pending(), List.of());
    }
  }

  private GroupBuilder builder(Group group, long inTerm) {
    return new GroupBuilder(
        tail, group, inFlight, inTerm, applied::sequence, runtime.clock(), options.capacityBytes());
  }

  /** Writes a group and hands it to the syncer; {@code whenDurable} runs on the writer after it. */
  private void write(
      Group group, List<? extends CompletableFuture<?>> waiting, Runnable whenDurable) {
    if (written(group, waiting)) {
      syncElsewhere(group, whenDurable);
    }
  }

  /** Writes a group, which is under way then; false if that failed and all are answered. */
  private boolean written(Group group, List<? extends CompletableFuture<?>> waiting) {
    try {
      group.write();
    } catch (IOException e) {
      giveUp(group, waiting, e);
      return false;
    }
    window.add(group.entries());
    LogListener told = listener;
    if (told != null) {
      told.appended(group.entries());
    }
    busy = true;
    return true;
  }

  private void syncElsewhere(Group group, Runnable whenDurable) {
    runtime
        .syncer()
        .execute(
            () -> {
              Throwable failure = sync(group);
              runtime
                  .writer()
                  .execute(
                      () ->
                          guarded(
                              () -> {
                                settle(failure, whenDurable);
                                pump();
                              }));
            });
  }

  /** Makes a group durable; returns what went wrong, or null. */
  private @Nullable Throwable sync(Group group) {
    long started = runtime.monotonicNanos().getAsLong();
    try {
      group.sync();
      gathering.synced(runtime.monotonicNanos().getAsLong() - started);
      mark.write(group.lastSequence(), Math.min(published.state().applied(), group.lastSequence()));
      return null;
    } catch (IOException | RuntimeException e) {
      return e;
    }
  }

  /** The group under way is durable, or the store is poisoned. */
  private void settle(@Nullable Throwable failure, Runnable whenDurable) {
    busy = false;
    if (failure != null) {
      poison(failure);
    } else if (poison == null) {
      LogPosition last = new LogPosition(tail.lastTerm(), tail.lastSequence());
      published.durable(last, tail.appended().termStarts(), tail.appended().membership());
      applier.durable(last.sequence());
      LogListener told = listener;
      if (told != null) {
        told.durable(last.sequence());
      }
    }
    whenDurable.run();
    // Those who are answered may have more for a group that has room. A full one had better be
    // written first: the disk works meanwhile.
    if (open == null || !open.isFull()) {
      applyCommitted();
    }
  }

  /**
   * A group could not be written: takes it back, or poisons the store when that is not possible.
   */
  private void giveUp(
      Group group, List<? extends CompletableFuture<?>> waiting, IOException cause) {
    StoreException refusal = undo(group, cause);
    if (refusal == null) {
      refusal = cause instanceof DiskFullException ? new StoreFullException(cause) : poison(cause);
    }
    if (refusal instanceof StoreFullException) {
      applier.full();
    }
    for (CompletableFuture<?> done : waiting) {
      done.completeExceptionally(refusal);
    }
  }

  /** Takes back what was staged; not null if that failed and the store is poisoned now. */
  private @Nullable StorePoisonedException undo(Group group, IOException cause) {
    try {
      group.undo();
      inFlight.reset(tail.pending(), List.of());
      return null;
    } catch (IOException e) {
      cause.addSuppressed(e);
      return poison(cause);
    }
  }

  /** Stops writing for good: what is on disk is not known any more. */
  private StorePoisonedException poison(Throwable cause) {
    StorePoisonedException refusal = new StorePoisonedException(cause);
    if (poison != null) {
      return refusal;
    }
    poison = cause;
    published.poisoned();
    LogListener told = listener;
    listener = null;
    failPending(refusal);
    refuseLeadings();
    if (told != null) {
      told.failed(cause);
    }
    return refusal;
  }

  private void failPending(StoreException refusal) {
    List<CompletableFuture<Long>> waiting = new ArrayList<>();
    for (Pending effect : tail.pending()) {
      CompletableFuture<Long> done = effect.done();
      if (done != null) {
        waiting.add(done);
      }
    }
    tail.forgetWaiting();
    waiting.forEach(done -> done.completeExceptionally(refusal));
  }

  private void runControl(Operation operation) {
    if (operation instanceof Operation.Close close) {
      close(close);
      return;
    }
    if (closed || poison != null) {
      operation.done().completeExceptionally(refusal());
      return;
    }
    switch (operation) {
      case Operation.Append append -> append(append);
      case Operation.Cut cut -> cut(cut);
      case Operation.Lead lead -> lead(lead);
      case Operation.Resign resign -> resign(resign);
      case Operation.Swap swap -> swap(swap);
      case Operation.Close close -> close(close);
      case Operation.Leading leading ->
          throw new IllegalStateException("not an operation of the log: " + leading);
    }
  }

  /** No group is written until it is over. */
  private void rollManifest() {
    ManifestSnapshot snapshot = manifestRoll.begin();
    busy = true;
    runtime
        .syncer()
        .execute(
            () -> {
              ManifestRoll.Outcome outcome = null;
              Throwable failure = null;
              try {
                outcome = manifestRoll.write(snapshot);
              } catch (IOException | RuntimeException | Error e) {
                failure = e; // whatever it is, nobody may wait for ever
              }
              ManifestRoll.Outcome written = outcome;
              Throwable cause = failure;
              runtime.writer().execute(() -> guarded(() -> rolled(written, cause)));
            });
  }

  private void rolled(ManifestRoll.@Nullable Outcome outcome, @Nullable Throwable failure) {
    busy = false;
    if (outcome != null) {
      manifestRoll.end(outcome);
    } else if (failure != null) {
      poison(failure);
    }
    pump();
  }

  private void append(Operation.Append append) {
    if (listener != null) {
      append.done().completeExceptionally(new IllegalStateException("this store leads"));
      return;
    }
    appendFrom(append, 0);
  }

  /** Appends the entries from an index on, group by group. */
  private void appendFrom(Operation.Append append, int from) {
    if (poison != null || closed) {
      append.done().completeExceptionally(refusal());
      return;
    }
    Group group = new Group(tail);
    int next;
    try {
      next = replica.stage(group, append.entries(), from);
    } catch (StoreException e) {
      StorePoisonedException poisoned = undo(group, e);
      append.done().completeExceptionally(poisoned == null ? e : poisoned);
      return;
    } catch (IOException e) {
      giveUp(group, List.of(append.done()), e);
      return;
    }
    if (group.isEmpty()) {
      append.done().complete(published.state());
      return;
    }
    group.pending().forEach(inFlight::add);
    write(group, List.of(append.done()), () -> appendFrom(append, next));
  }

  private void cut(Operation.Cut cut) {
    if (listener != null) {
      cut.done().completeExceptionally(new IllegalStateException("this store leads"));
      return;
    }
    long kept = cut.lastSequenceKept();
    if (kept < applied.sequence()) {
      cut.done()
          .completeExceptionally(
              new IllegalArgumentException(
                  "sequence " + applied.sequence() + " is committed, can't cut after " + kept));
      return;
    }
    if (kept < tail.lastSequence()) {
      try {
        cutter.cutAfter(kept);
      } catch (IOException e) {
        cut.done().completeExceptionally(poison(e));
        return;
      }
      window.cutAfter(kept);
      inFlight.reset(tail.pending(), List.of());
      published.durable(
          new LogPosition(tail.lastTerm(), tail.lastSequence()),
          tail.appended().termStarts(),
          tail.appended().membership());
    }
    cut.done().complete(published.state());
  }

  private void lead(Operation.Lead lead) {
    if (listener != null || lead.term() <= tail.lastTerm()) {
      lead.done()
          .completeExceptionally(
              listener != null
                  ? new IllegalStateException("this store leads already")
                  : new IllegalArgumentException(
                      "term " + lead.term() + " is not above " + tail.lastTerm()));
      return;
    }
    // Of an earlier term's operations nobody waits any more.
    inFlight.reset(tail.pending(), List.of());
    Group group = new Group(tail);
    try {
      new TermOpening(tail, builder(group, lead.term()), options).stage(lead.term());
    } catch (IOException e) {
      giveUp(group, List.of(lead.done()), e);
      return;
    }
    term = lead.term();
    listener = lead.listener();
    write(group, List.of(lead.done()), () -> led(lead));
    if (busy) {
      published.leading(true);
    } else {
      listener = null;
    }
  }

  private void led(Operation.Lead lead) {
    if (poison != null) {
      lead.done().completeExceptionally(refusal());
    } else {
      lead.done().complete(published.state());
    }
  }

  private void resign(Operation.Resign resign) {
    if (listener != null) {
      listener = null;
      published.leading(false);
      failPending(new OutcomeUnknownException("stopped leading before the commit", null));
      refuseLeadings();
    }
    resign.done().complete(null);
  }

  /** No group is under way, and none begins until the last round is over. */
  private void swap(Operation.Swap swap) {
    LogFile active = tail.active(swap.keyspace());
    if (listener == null || active == null) {
      swap.done().completeExceptionally(refusal());
      return;
    }
    Edit.SegmentFile closed =
        new Edit.SegmentFile(active.segment().id(), active.length(), active.crc());
    busy = true;
    runtime
        .syncer()
        .execute(
            () -> {
              Edit.Swap edit = null;
              Throwable failure = null;
              try {
                edit = swap.last().copy(closed);
              } catch (IOException | RuntimeException | Error e) {
                failure = e; // whatever it is, writes that wait must go on
              }
              Edit.Swap copied = edit;
              Throwable outcome = failure;
              runtime.writer().execute(() -> guarded(() -> copied(swap, copied, outcome)));
            });
  }

  private void copied(Operation.Swap swap, Edit.@Nullable Swap edit, @Nullable Throwable failure) {
    busy = false;
    putBackOpen(); // what was staged ahead meanwhile is for the file that is closed now
    if (failure != null) {
      swap.done().completeExceptionally(failure);
    } else if (edit == null) {
      swap.done().complete(0L);
    } else if (listener == null) {
      swap.done().completeExceptionally(refusal());
    } else {
      writeSwap(swap, edit);
    }
    pump();
  }

  private void writeSwap(Operation.Swap swap, Edit.Swap edit) {
    Group group = new Group(tail);
    try {
      builder(group, term).stageEdit(edit, swap.done());
    } catch (IOException e) {
      // The copy could not be opened. Nothing was written: the file in use is as it was.
      StorePoisonedException poisoned = undo(group, e);
      swap.done().completeExceptionally(poisoned == null ? e : poisoned);
      return;
    }
    write(group, List.of(swap.done()), () -> {});
  }

  private void close(Operation.Close close) {
    try {
      applyCommitted(); // what is committed by now is answered so
    } catch (RuntimeException | Error e) {
      poison(e); // whoever closes must not wait for ever
    }
    closed = true;
    listener = null;
    published.leading(false);
    // They are in the log: "closed" alone would be taken for "not written", and written again.
    failPending(new OutcomeUnknownException("the store was closed before the commit", null));
    refuseLeadings();
    if (poison == null) {
      try {
        mark.write(tail.lastSequence(), applied.sequence());
        mark.sync();
      } catch (IOException e) {
        close.done().completeExceptionally(e);
        return;
      }
    }
    close.done().complete(null);
  }
}
