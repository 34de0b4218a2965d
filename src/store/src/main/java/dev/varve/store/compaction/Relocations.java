package dev.varve.store.compaction;

import dev.varve.store.format.HintReader;
import dev.varve.store.format.RunListReader;
import dev.varve.store.keydir.Hash;
import java.io.IOException;
import java.util.List;

/**
 * Which record went where: a run list and the hints of its outputs, read side by side. The same on
 * the primary and on a replica, and after a restart.
 */
public final class Relocations {

  /** Told of every record once, in the run list's order. */
  public interface Visitor {

    /** The record of a source is now at this place of an output. */
    void moved(
        long hash,
        int source,
        long sourceOffset,
        int output,
        long outputOffset,
        int length,
        boolean tombstone,
        long expiresAtMs)
        throws IOException;

    /** The record of a source is in no output although the keydir pointed at it. */
    void dropped(long hash, int source, long offset, int length, boolean tombstone)
        throws IOException;
  }

  private Relocations() {}

  /**
   * Reads the whole list.
   *
   * @param outputs the outputs' hints in order
   * @throws IOException if list and hints do not fit each other, or on an I/O error
   */
  public static void read(RunListReader runs, List<HintReader> outputs, Visitor visitor)
      throws IOException {
    int output = 0;
    while (runs.next()) {
      if (runs.item() == RunListReader.Item.DROPPED) {
        visitor.dropped(
            runs.hash(),
            runs.source(),
            runs.offset(),
            Math.toIntExact(runs.length()),
            runs.tombstone());
        continue;
      }
      long offset = runs.offset();
      long end = offset + runs.length();
      while (offset < end) {
        while (output < outputs.size() && !outputs.get(output).next()) {
          output++;
        }
        if (output == outputs.size()) {
          throw new IOException("the hints of " + runs.target() + "'s outputs end before its runs");
        }
        HintReader hint = outputs.get(output);
        visitor.moved(
            Hash.of(hint.kind(), hint.keyBytes(), 0, hint.keyLength()),
            runs.source(),
            offset,
            output,
            hint.offset(),
            hint.length(),
            !hint.kind().isPut(),
            hint.expiresAtMs());
        offset += hint.length();
      }
      if (offset != end) {
        throw new IOException("a run of " + runs.target() + " does not end with a record");
      }
    }
  }
}
