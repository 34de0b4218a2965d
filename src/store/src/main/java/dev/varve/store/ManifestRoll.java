package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.SnapshotCodec;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.segment.SegmentWriter;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Rolls the manifest: a file that begins with a snapshot of what the applied edits add up to, and
 * goes on with the others, takes the place of the one that has all edits. The log stays what it is:
 * edits keep their sequences, and their offsets go on. So each member rolls when its own file is
 * long, and none hears of the others' rolls.
 *
 * <p>Nothing is appended to the log meanwhile, and all of it is durable. The new file is synced
 * under a temporary name and gets the old one's by an atomic rename, after which the directory is
 * synced: a crash leaves the one file or the other, both whole, and maybe the temporary one, which
 * the next opening deletes.
 */
final class ManifestRoll {
  private static final System.Logger LOG = System.getLogger(ManifestRoll.class.getName());
  private static final String TEMPORARY = ManifestState.PATH + SegmentId.TEMPORARY_SUFFIX;
  private static final int COPY_BYTES = 256 << 10;

  private final Storage storage;
  private final LogTail tail;
  private final Applied applied;
  private final ManifestFile file;
  private final Adoption adoption;
  private final KeydirCheckpoints keydirs;
  private final DurableMark mark;
  private final ManifestBound bound;

  /** The file's length beyond which a roll is tried; for the writer. */
  private long dueBeyond;

  private final AtomicLong rolls = new AtomicLong();

  ManifestRoll(
      Storage storage,
      LogTail tail,
      Applied applied,
      ManifestFile file,
      Adoption adoption,
      KeydirCheckpoints keydirs,
      DurableMark mark,
      ManifestBound bound) {
    this.storage = storage;
    this.tail = tail;
    this.applied = applied;
    this.file = file;
    this.adoption = adoption;
    this.keydirs = keydirs;
    this.mark = mark;
    this.bound = bound;
    this.dueBeyond = beyond(file.base().snapshotBytes());
  }

  /**
   * What a roll has come to.
   *
   * @param snapshotBytes of the snapshot, as far as it was made
   * @param writer of the new file; null if the old one stays
   */
  record Outcome(long snapshotBytes, ManifestBase base, @Nullable SegmentWriter writer) {}

  /** Rolls since the store was opened; any thread. */
  long rolls() {
    return rolls.get();
  }

  /** Whether to roll; on the writer, with no group under way. */
  boolean isDue() {
    return tail.manifest().fileLength() > dueBeyond && applied.sequence() > 0 && !file.isRead();
  }

  /** Begins a roll: what the applied edits add up to now; on the writer. */
  ManifestSnapshot begin() {
    long firstNotAdopted = adoption.firstQueued();
    ManifestState appended = tail.appended().copy();
    appended.forgetCompactions(firstNotAdopted);
    tail.appended(appended);
    applied.lock().lock();
    try {
      applied.manifest().forgetCompactions(firstNotAdopted);
      return applied
          .manifest()
          .snapshot(
              applied.manifestLength(), applied.sequence(), tail.lastSequence(), keydirs.marks());
    } finally {
      applied.lock().unlock();
    }
  }

  /**
   * Writes the new file and puts it in the old one's place, unless that does not pay, somebody
   * reads the old one, or the new one can't be written; on the syncer.
   *
   * @throws IOException if it is not known which file is there
   */
  Outcome write(ManifestSnapshot snapshot) throws IOException {
    ByteBuffer head = SnapshotCodec.records(snapshot);
    int snapshotBytes = head.remaining();
    ManifestBase before = file.base();
    ManifestBase next = new ManifestBase(snapshot.offset(), snapshotBytes, snapshot.keydirs());
    Outcome none = new Outcome(snapshotBytes, before, null);
    if (tail.manifest().fileLength() <= beyond(snapshotBytes)) {
      return none;
    }
    long length;
    try {
      length = fill(head, before.inFile(snapshot.offset()));
      // From here on nothing else tells of the snapshot: damage of it must not pass for a new log.
      mark.confirm(snapshot.committed());
    } catch (IOException | RuntimeException e) {
      discard();
      LOG.log(
          System.Logger.Level.WARNING,
          "could not roll the manifest of {0} bytes; it is tried again when it is longer: {1}",
          tail.manifest().fileLength(),
          e);
      return none;
    }
    boolean replaced =
        file.replace(
            next,
            () -> {
              storage.rename(TEMPORARY, ManifestState.PATH);
              storage.syncDirectory(ManifestState.DIRECTORY);
            });
    if (!replaced) {
      discard();
      return none;
    }
    return new Outcome(
        snapshotBytes, next, SegmentWriter.resume(storage.open(ManifestState.PATH), length));
  }

  /** Writes and syncs the temporary file; returns its length. */
  private long fill(ByteBuffer head, long restFrom) throws IOException {
    if (storage.exists(TEMPORARY)) {
      storage.delete(TEMPORARY);
    }
    StorageFile from = tail.manifest().file();
    long restTo = tail.manifest().fileLength();
    try (StorageFile to = storage.create(TEMPORARY)) {
      long length = head.remaining();
      to.write(new ByteBuffer[] {head}, 0);
      ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(COPY_BYTES, restTo - restFrom));
      for (long at = restFrom; at < restTo; ) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), restTo - at));
        int bytes = buffer.remaining();
        if (from.read(buffer, at) != bytes) {
          throw new EOFException(ManifestState.PATH + " ends before byte " + restTo);
        }
        to.write(new ByteBuffer[] {buffer.flip()}, length);
        length += bytes;
        at += bytes;
      }
      to.sync();
      return length;
    }
  }

  private void discard() {
    try {
      if (storage.exists(TEMPORARY)) {
        storage.delete(TEMPORARY);
      }
    } catch (IOException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "could not delete {0}; the next roll or opening does: {1}",
          TEMPORARY,
          e);
    }
  }

  /** Goes on with the file that is there now; on the writer. */
  void end(Outcome outcome) {
    SegmentWriter writer = outcome.writer();
    if (writer != null) {
      rolls.incrementAndGet();
      try {
        tail.manifest().replace(writer, outcome.base());
      } catch (IOException e) {
        // Nothing of the old file is needed any more.
        LOG.log(System.Logger.Level.WARNING, "could not close the manifest's old file", e);
      }
    }
    long length = tail.manifest().fileLength();
    dueBeyond = beyond(outcome.snapshotBytes());
    if (length > dueBeyond) {
      dueBeyond = length + Math.max(bound.bytes(), outcome.snapshotBytes());
    }
  }

  private long beyond(long snapshotBytes) {
    return Math.max(bound.bytes(), bound.snapshots() * snapshotBytes);
  }
}
