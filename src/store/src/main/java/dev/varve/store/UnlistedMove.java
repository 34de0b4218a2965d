package dev.varve.store;

import dev.varve.store.format.HintReader;
import dev.varve.store.format.RecordKind;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Location;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Moves the index from a compaction's inputs to its outputs without a run list, by what the files
 * hold: with a look-up and a read for each record of an output. A snapshot that needs an input's
 * records that the index no longer points to is lost by it. On the maintenance thread.
 */
final class UnlistedMove {
  private final Storage storage;
  private final Keyspace keyspace;
  private final List<LiveSegment> inputs;

  UnlistedMove(Storage storage, Keyspace keyspace, List<LiveSegment> inputs) {
    this.storage = storage;
    this.keyspace = keyspace;
    this.inputs = inputs;
  }

  /**
   * Done again after a failure, it goes on with what is left.
   *
   * @param hints of the outputs, read to their ends here
   * @return which outputs have tombstones
   */
  boolean[] to(List<LiveSegment> outputs, List<HintReader> hints) throws IOException {
    boolean[] tombstones = new boolean[outputs.size()];
    for (int i = 0; i < outputs.size(); i++) {
      HintReader hint = hints.get(i);
      while (hint.next()) {
        tombstones[i] |= hint.kind() == RecordKind.TOMBSTONE;
        move(hint, outputs.get(i));
      }
    }
    for (LiveSegment input : inputs) {
      drop(input);
    }
    return tombstones;
  }

  private void move(HintReader hint, LiveSegment output) throws IOException {
    byte[] key = Arrays.copyOf(hint.keyBytes(), hint.keyLength());
    long hash = Hash.of(hint.kind(), key);
    @Nullable Location from = keyspace.keydir().get(hash, keyspace.new KeyMatch(key));
    if (from != null && isCopied(from, hint.sequence())) {
      boolean tombstone = !hint.kind().isPut();
      keyspace.move(
          hash,
          from,
          new Location(output.slot(), hint.offset(), hint.length(), tombstone),
          hint.expiresAtMs());
    }
  }

  /** Whether that is an input's record, and not one written since. */
  private boolean isCopied(Location from, long sequence) throws IOException {
    for (LiveSegment input : inputs) {
      if (input.slot() == from.segment()) {
        return input.reader().sequence(from.offset(), from.length()) == sequence;
      }
    }
    return false;
  }

  /** What the index still points to in an input is in no output. */
  private void drop(LiveSegment input) throws IOException {
    new SegmentEntries(storage, keyspace, input)
        .visit(
            (kind, hash, sequence, id, expiresAtMs, location) -> {
              keyspace.drop(hash, location);
              return true;
            });
  }
}
