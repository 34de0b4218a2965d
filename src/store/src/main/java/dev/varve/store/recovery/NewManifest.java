package dev.varve.store.recovery;

import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.EditCodec;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a manifest that begins anew: one term start above every term, the keyspaces, and a roll a
 * segment. Its edits take sequences above every one that was given out, so all records of the
 * segments lie below the first edit, where recovery allows holes.
 */
final class NewManifest {
  private static final byte[] NO_KEY = {};

  private final long term;
  private final ManifestState state = new ManifestState();
  private ByteBuffer bytes = ByteBuffer.allocate(64 << 10);
  private long sequence;

  /**
   * @param afterSequence every sequence given out so far is at most this one
   * @param afterTerm every term so far is at most this one
   */
  NewManifest(long afterSequence, long afterTerm) {
    this.sequence = afterSequence;
    this.term = afterTerm + 1;
    add(new Edit.TermStarted(term));
  }

  long term() {
    return term;
  }

  long lastSequence() {
    return sequence;
  }

  ManifestState state() {
    return state;
  }

  /**
   * Adds a keyspace with its segments.
   *
   * @param active an empty segment to go on with
   */
  void add(
      String keyspace,
      KeyspaceType type,
      long segmentBytes,
      List<Edit.SegmentFile> sealed,
      SegmentId active) {
    add(new Edit.KeyspaceAdded(keyspace, type, segmentBytes));
    Edit.@Nullable SegmentFile last = null;
    for (Edit.SegmentFile file : sealed) {
      add(new Edit.Roll(keyspace, last, file.id()));
      last = file;
    }
    add(new Edit.Roll(keyspace, last, active));
  }

  /** Adds an edit that was in the old manifest and still holds. */
  void add(Edit edit) {
    sequence++;
    RecordedEdit recorded =
        new RecordedEdit(sequence, term, sequence - 1, state.termStarts(), List.of(), edit);
    byte[] value = EditCodec.encode(recorded);
    int length = RecordCodec.encodedLength(0, value.length);
    if (bytes.remaining() < length) {
      ByteBuffer grown = ByteBuffer.allocate(2 * bytes.capacity() + length);
      bytes = grown.put(bytes.flip());
    }
    RecordCodec.encode(RecordKind.EDIT, sequence, term, 0, 1, 0, NO_KEY, value, bytes);
    try {
      state.apply(recorded);
    } catch (InconsistentEditException e) {
      throw new IllegalStateException("a new manifest contradicts itself", e);
    }
  }

  /** Puts it in the place of the old one: the commit point of a repair; durable on return. */
  void install(Storage storage) throws IOException {
    String temporary = ManifestState.PATH + SegmentId.TEMPORARY_SUFFIX;
    storage.createDirectory(ManifestState.DIRECTORY);
    storage.syncDirectory("");
    RepairFolder.deleteIfPresent(storage, temporary);
    try (StorageFile file = storage.create(temporary)) {
      file.write(new ByteBuffer[] {bytes.duplicate().flip()}, 0);
      file.sync();
    }
    storage.rename(temporary, ManifestState.PATH);
    storage.syncDirectory(ManifestState.DIRECTORY);
  }
}
