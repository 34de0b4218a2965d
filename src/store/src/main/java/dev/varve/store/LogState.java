package dev.varve.store;

import dev.varve.store.manifest.TermStart;
import java.util.List;

/**
 * A log at one moment.
 *
 * @param last the last record that is durable here
 * @param committed the highest sequence known here to be committed; 0 when none is
 * @param applied the highest sequence that reads see; at most {@code committed}
 * @param termStarts where each term in the log began, ascending, uncommitted ones included
 * @param membership the members by the last membership edit in the log, committed or not; empty
 *     before the first one
 * @param leading whether writes are accepted here ({@link ShardLog#lead})
 * @param poisoned whether a failed sync or write stopped the log until it is opened again
 */
public record LogState(
    LogPosition last,
    long committed,
    long applied,
    List<TermStart> termStarts,
    List<String> membership,
    boolean leading,
    boolean poisoned) {
  public LogState {
    termStarts = List.copyOf(termStarts);
    membership = List.copyOf(membership);
  }
}
