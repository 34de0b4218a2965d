package dev.varve.history;

/**
 * What a check came to.
 *
 * @param explanation for people, several lines; empty if the history is linearizable
 * @param states how many states were looked at
 */
public record Verdict(Kind kind, String explanation, long states) {
  /** The three ends of a check. */
  public enum Kind {
    /** There is an order that explains all answers. */
    LINEARIZABLE,
    /** There is none. */
    VIOLATED,
    /** The search was given up: nobody knows. To be counted as a failure. */
    TOO_LARGE
  }

  /** False also if nobody knows. */
  public boolean isLinearizable() {
    return kind == Kind.LINEARIZABLE;
  }
}
