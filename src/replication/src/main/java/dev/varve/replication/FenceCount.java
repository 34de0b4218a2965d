package dev.varve.replication;

import dev.varve.store.LogPosition;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a candidate may do with the fences it was granted so far. */
final class FenceCount {
  private FenceCount() {}

  /** The next step. */
  sealed interface Verdict {
    /** A majority is not fenced yet. */
    record Wait() implements Verdict {}

    /** No fenced member can have acknowledged more than what is here. */
    record Lead() implements Verdict {}

    /** A fenced member's log is more advanced, and can be read. */
    record CatchUp(String source, LogPosition upTo) implements Verdict {}

    /** A fenced member may have acknowledged more, and nobody can give it now. */
    record NoSource(LogPosition upTo) implements Verdict {}
  }

  /**
   * Decides.
   *
   * @param fenced what members granted, by the id under which they did, this one included; those
   *     outside the membership don't count
   * @param last where the log here ends
   * @param isSource whether the log here can be read up to all that was acknowledged from here
   */
  static Verdict decide(
      Quorum quorum,
      MemberId self,
      Map<MemberId, Response.FenceAnswer> fenced,
      LogPosition last,
      boolean isSource) {
    if (!quorum.reached(fenced::containsKey)) {
      return new Verdict.Wait();
    }
    LogPosition furthest = LogPosition.EMPTY;
    for (Map.Entry<MemberId, Response.FenceAnswer> entry : fenced.entrySet()) {
      LogPosition there = entry.getValue().last();
      if (quorum.includes(entry.getKey()) && there.compareTo(furthest) > 0) {
        furthest = there;
      }
    }
    if (isSource && last.compareTo(furthest) >= 0) {
      return new Verdict.Lead();
    }
    String source = source(quorum, self, fenced, furthest);
    return source == null ? new Verdict.NoSource(furthest) : new Verdict.CatchUp(source, furthest);
  }

  private static @Nullable String source(
      Quorum quorum,
      MemberId self,
      Map<MemberId, Response.FenceAnswer> fenced,
      LogPosition furthest) {
    for (Map.Entry<MemberId, Response.FenceAnswer> entry : fenced.entrySet()) {
      Response.FenceAnswer answer = entry.getValue();
      if (!entry.getKey().equals(self)
          && quorum.includes(entry.getKey())
          && answer.source()
          && answer.last().compareTo(furthest) >= 0) {
        return entry.getKey().name();
      }
    }
    return null;
  }
}
