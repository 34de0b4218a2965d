package dev.varve.store;

import java.util.List;

/**
 * What one sequence wrote: a batch or an edit, the same bytes at the same offsets on every member.
 *
 * @param sequence its sequence; entries follow each other without gaps
 * @param term the term it was written in, never lower than the one before
 * @param chunks one for each file touched
 */
public record LogEntry(long sequence, long term, List<Chunk> chunks) {
  public LogEntry {
    chunks = List.copyOf(chunks);
  }

  /** Bytes over all chunks. */
  public int bytes() {
    int total = 0;
    for (Chunk chunk : chunks) {
      total += chunk.length();
    }
    return total;
  }
}
