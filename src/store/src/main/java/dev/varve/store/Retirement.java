package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The inputs of adopted compactions, until a checkpoint lets them go. A file is deleted when
 * besides nobody reads it any more, and only after this member durably knows that the edit which
 * replaced it is committed: otherwise a crash could bring a state back that still needs it.
 */
final class Retirement {
  private static final System.Logger LOG = System.getLogger(Retirement.class.getName());

  private final Storage storage;
  private final Applied applied;
  private final DurableMark mark;
  private final Published published;
  private final EntryWindow window;
  private final OldFiles oldFiles;

  /** Adopted compactions whose run lists are still here; for the maintenance executor. */
  private final List<Inputs> runLists = new ArrayList<>();

  /** Files whose deletion failed; every later deletion tries them first. */
  private final Queue<String> undeleted = new ConcurrentLinkedQueue<>();

  /** The lowest sequence that inputs wait for to be durable here. */
  private final AtomicLong waitsFor = new AtomicLong(Long.MAX_VALUE);

  private volatile CheckpointResult last = new CheckpointResult(0, 0, 0);

  /**
   * Inputs of one compaction.
   *
   * @param segments those that are open
   * @param leftovers paths of files that are not, from before the store was opened
   * @param swap whether it is a single file's: nothing waits for a checkpoint, and unless deletion
   *     is forced the file is kept under another name
   */
  record Inputs(
      long editSequence,
      Keyspace keyspace,
      List<LiveSegment> segments,
      List<String> leftovers,
      SegmentId runs,
      boolean forceDelete,
      boolean swap) {
    boolean goAtOnce() {
      return forceDelete || swap;
    }
  }

  /** Inputs that may go once a sequence is durable here. */
  record Batch(long upTo, List<Inputs> inputs) {}

  Retirement(
      Storage storage, Applied applied, DurableMark mark, Published published, EntryWindow window) {
    this.storage = storage;
    this.applied = applied;
    this.mark = mark;
    this.published = published;
    this.window = window;
    this.oldFiles = new OldFiles(storage);
  }

  /** A checkpoint was committed: takes what it lets go. */
  Batch take(long checkpoint) {
    List<Inputs> going = new ArrayList<>();
    int segments = 0;
    long bytes = 0;
    applied.lock().lock();
    try {
      for (Inputs inputs : List.copyOf(applied.retired())) {
        if (inputs.editSequence() < checkpoint) {
          applied.retired().remove(inputs);
          going.add(inputs);
          segments += count(inputs);
          for (LiveSegment segment : inputs.segments()) {
            bytes += segment.committedLength();
          }
        }
      }
    } finally {
      applied.lock().unlock();
    }
    last = new CheckpointResult(checkpoint, segments, bytes);
    return new Batch(checkpoint, going);
  }

  /** How many segments these are. */
  static int count(Inputs inputs) {
    return inputs.segments().size()
        + (int)
            inputs.leftovers().stream().filter(path -> path.endsWith(SegmentId.LOG_SUFFIX)).count();
  }

  /** What the last checkpoint let go. */
  CheckpointResult result(long checkpoint) {
    CheckpointResult result = last;
    return result.sequence() == checkpoint ? result : new CheckpointResult(checkpoint, 0, 0);
  }

  /** Adoption is through with these inputs; under the apply lock. */
  @Nullable Batch retire(Inputs inputs) {
    long checkpoint = applied.manifest().checkpoint();
    if (inputs.goAtOnce() || checkpoint > inputs.editSequence()) {
      return new Batch(Math.max(checkpoint, inputs.editSequence()), List.of(inputs));
    }
    applied.retired().add(inputs);
    return null;
  }

  /** Whether inputs wait that may go now that everything up to a sequence is durable here. */
  boolean waitsFor(long durable) {
    return waitsFor.get() <= durable;
  }

  /** Lets go what had to wait until it was durable here; on the maintenance executor. */
  void deleteWaiting() throws IOException {
    waitsFor.set(Long.MAX_VALUE);
    List<Inputs> going = new ArrayList<>();
    long upTo = 0;
    applied.lock().lock();
    try {
      long checkpoint = applied.manifest().checkpoint();
      for (Inputs inputs : List.copyOf(applied.retired())) {
        if (inputs.goAtOnce() || inputs.editSequence() < checkpoint) {
          applied.retired().remove(inputs);
          going.add(inputs);
          upTo = Math.max(upTo, Math.max(checkpoint, inputs.editSequence()));
        }
      }
    } finally {
      applied.lock().unlock();
    }
    delete(new Batch(upTo, going));
  }

  /**
   * Lets files go; on the maintenance executor. What is not durable here yet goes as soon as it is,
   * and what could not be deleted is tried again the next time.
   */
  void delete(Batch batch) throws IOException {
    deleteAgain();
    deleteRunLists();
    if (batch.inputs().isEmpty()) {
      return;
    }
    if (published.state().last().sequence() < batch.upTo()) {
      putBack(batch);
      waitsFor.accumulateAndGet(batch.upTo(), Math::min);
      if (published.state().last().sequence() >= batch.upTo()) {
        deleteWaiting(); // it became durable before anybody could see that something waits
      }
      return;
    }
    try {
      mark.confirm(batch.upTo());
    } catch (IOException e) {
      putBack(batch);
      throw e;
    }
    for (Inputs inputs : batch.inputs()) {
      if (inputs.swap()) {
        deleteFile(inputs.runs().runsPath(inputs.keyspace().name())); // no other member asks for it
      } else {
        runLists.add(inputs);
      }
      inputs.leftovers().forEach(this::deleteFile);
      for (LiveSegment segment : inputs.segments()) {
        inputs.keyspace().table().remove(segment);
        segment.reader().retire(() -> remove(inputs, segment));
      }
    }
  }

  private void deleteAgain() {
    List<String> again = new ArrayList<>();
    for (String path = undeleted.poll(); path != null; path = undeleted.poll()) {
      again.add(path);
    }
    again.forEach(this::deleteFile);
  }

  /** A run list stays while an entry in the window may send another member here for it. */
  private void deleteRunLists() {
    long droppedUpTo = window.droppedUpTo();
    for (Inputs inputs : List.copyOf(runLists)) {
      if (inputs.editSequence() <= droppedUpTo) {
        runLists.remove(inputs);
        deleteFile(inputs.runs().runsPath(inputs.keyspace().name()));
      }
    }
  }

  private void putBack(Batch batch) {
    applied.lock().lock();
    try {
      applied.retired().addAll(batch.inputs());
    } finally {
      applied.lock().unlock();
    }
  }

  /** Runs on the thread of the last reader. */
  private void remove(Inputs inputs, LiveSegment segment) {
    String keyspace = inputs.keyspace().name();
    try {
      segment.reader().close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "could not close " + segment.reader().path(), e);
    }
    deleteFile(segment.id().hintPath(keyspace));
    if (!inputs.swap()) {
      deleteFile(segment.id().logPath(keyspace));
      return;
    }
    try {
      if (inputs.forceDelete()) {
        oldFiles.drop(keyspace, segment.id());
      } else {
        oldFiles.keep(keyspace, segment.id());
      }
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "could not put {0} aside; the next opening does: {1}",
          segment.reader().path(),
          e);
    }
  }

  private void deleteFile(String path) {
    try {
      if (storage.exists(path)) {
        storage.delete(path);
      }
    } catch (IOException e) {
      undeleted.add(path);
      LOG.log(
          System.Logger.Level.WARNING,
          "could not delete {0}; the next checkpoint tries again: {1}",
          path,
          e);
    }
  }
}
