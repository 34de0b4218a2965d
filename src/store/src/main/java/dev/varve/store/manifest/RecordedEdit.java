package dev.varve.store.manifest;

import dev.varve.store.format.SegmentId;
import java.util.List;

/**
 * An edit as the log holds it, with what its primary knew when it wrote it.
 *
 * @param sequence its sequence
 * @param term the term it was written in
 * @param committed the highest sequence known to be committed then: below {@code sequence}
 * @param termStarts where each term up to then began
 * @param tails the length of every active segment just before the edit: every byte below holds
 *     earlier sequences, so that recovery can tell damage from a torn tail
 * @param edit what changes
 */
public record RecordedEdit(
    long sequence,
    long term,
    long committed,
    List<TermStart> termStarts,
    List<Tail> tails,
    Edit edit) {
  public RecordedEdit {
    termStarts = List.copyOf(termStarts);
    tails = List.copyOf(tails);
  }

  /** The length of an active segment. */
  public record Tail(String keyspace, SegmentId id, long length) {}
}
