package dev.varve.operator.plan;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Whether one primary shall be compacted at a trigger. */
sealed interface Verdict {

  /** It shall: these keyspaces, on this primary at this term. */
  record Start(String primary, long term, List<String> keyspaces, String why) implements Verdict {}

  /**
   * It shall not.
   *
   * @param notBefore an earliest moment that is later than the next tick
   */
  record Skip(Optional<String> primary, String reason, String message, Optional<Instant> notBefore)
      implements Verdict {}
}
