package dev.varve.store;

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
 * what is committed. One group at a time is under way; while it is synced elsewhere the next one
 * gathers and commits are applied. That a group is durable before the next one is written is what
 * lets recovery call a hole before the last durable sequence damage.
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
  private final InFlight inFlight = new InFlight();
  private final Queue<Operation.Leading> leadings = new ConcurrentLinkedQueue<>();
  private final Queue<Operation> controls = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean scheduled = new AtomicBoolean();
  private final AtomicLong commitTarget = new AtomicLong();

  private boolean busy;
  private boolean closed;
  private @Nullable Throwable poison;
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
      Published published) {
    this.runtime = runtime;
    this.options = options;
    this.tail = tail;
    this.applied = applied;
    this.applier = applier;
    this.window = window;
    this.mark = mark;
    this.published = published;
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
    for (int i = 0; i < done.size(); i++) {
      done.get(i).complete(sequences.get(i));
    }
  }

  private void pump() {
    while (!busy) {
      Operation control = controls.poll();
      if (control != null) {
        runControl(control);
      } else if (leadings.isEmpty()) {
        return;
      } else if (listener == null) {
        refuseLeadings();
      } else if (tail.pendingBytes() > options.uncommittedBytesMax()) {
        return; // goes on when commits make room
      } else {
        writeLeadersGroup();
      }
    }
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
    for (Operation.Leading next = leadings.poll(); next != null; next = leadings.poll()) {
      next.done().completeExceptionally(refusal);
    }
  }

  private void writeLeadersGroup() {
    Group group = new Group(tail);
    GroupBuilder builder = builder(group, term);
    List<CompletableFuture<?>> waiting = new ArrayList<>();
    try {
      Operation.Leading next = leadings.peek();
      while (next != null && group.bytes() < options.groupBytesMax()) {
        waiting.add(next.done());
        try {
          if (!builder.stage(next)) {
            waiting.removeLast();
            break;
          }
        } catch (StoreException | CorruptRecordException | IllegalArgumentException e) {
          waiting.removeLast().completeExceptionally(e);
        }
        leadings.remove();
        next = leadings.peek();
      }
    } catch (IOException e) {
      leadings.remove();
      giveUp(group, waiting, e);
      return;
    }
    if (!group.isEmpty()) {
      write(group, waiting, () -> {});
    }
  }

  private GroupBuilder builder(Group group, long inTerm) {
    return new GroupBuilder(
        tail, group, inFlight, inTerm, applied.sequence(), runtime.clock().nowMs());
  }

  /** Writes a group and hands it to the syncer; {@code whenDurable} runs on the writer after it. */
  private void write(Group group, List<CompletableFuture<?>> waiting, Runnable whenDurable) {
    try {
      group.write();
    } catch (IOException e) {
      giveUp(group, waiting, e);
      return;
    }
    window.add(group.entries());
    LogListener told = listener;
    if (told != null) {
      told.appended(group.entries());
    }
    busy = true;
    runtime.syncer().execute(() -> sync(group, whenDurable));
  }

  private void sync(Group group, Runnable whenDurable) {
    Throwable failure = null;
    try {
      group.sync();
      mark.write(group.lastSequence(), Math.min(published.state().applied(), group.lastSequence()));
    } catch (IOException | RuntimeException e) {
      failure = e;
    }
    Throwable outcome = failure;
    runtime.writer().execute(() -> guarded(() -> synced(outcome, whenDurable)));
  }

  private void synced(@Nullable Throwable failure, Runnable whenDurable) {
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
    pump();
  }

  /**
   * A group could not be written: takes it back, or poisons the store when that is not possible.
   */
  private void giveUp(Group group, List<CompletableFuture<?>> waiting, IOException cause) {
    StoreException refusal = undo(group, cause);
    if (refusal == null) {
      refusal = cause instanceof DiskFullException ? new StoreFullException(cause) : poison(cause);
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
      case Operation.Close close -> close(close);
      case Operation.Leading leading ->
          throw new IllegalStateException("not an operation of the log: " + leading);
    }
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

  private void close(Operation.Close close) {
    closed = true;
    listener = null;
    published.leading(false);
    failPending(new StoreClosedException());
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
