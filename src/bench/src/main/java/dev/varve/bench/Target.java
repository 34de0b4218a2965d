package dev.varve.bench;

import java.util.Locale;

/**
 * What a ratio should be.
 *
 * @param bound the ratio
 * @param atLeast whether it is the least that will do; else the most
 */
public record Target(double bound, boolean atLeast) {

  /** At least this. */
  public static Target atLeast(double bound) {
    return new Target(bound, true);
  }

  /** At most this. */
  public static Target atMost(double bound) {
    return new Target(bound, false);
  }

  /** Whether a ratio will do. */
  public boolean met(double ratio) {
    return atLeast ? ratio >= bound : ratio <= bound;
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%s %s", atLeast ? "≥" : "≤", Figures.number(bound));
  }
}
