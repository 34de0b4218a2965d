package dev.varve.bench;

import org.jspecify.annotations.Nullable;

/**
 * One line of the results: Varve beside something else.
 *
 * @param scenario its name
 * @param variant value size, distribution, threads and the like
 * @param unit of both figures
 * @param varve Varve's median; NaN if it took no part
 * @param beside what it is compared with
 * @param other the other's median; NaN if there is none
 * @param ratio the median of the pairs' ratios, Varve ÷ other; NaN if there is none
 * @param target what the ratio should be; null: it is told for information
 * @param note what a reader must know; may be empty
 */
public record Row(
    String scenario,
    String variant,
    String unit,
    double varve,
    String beside,
    double other,
    double ratio,
    @Nullable Target target,
    String note) {

  /** A line that says why something was not measured. */
  public static Row notRun(String scenario, String variant, String why) {
    return new Row(
        scenario, variant, "", Double.NaN, "", Double.NaN, Double.NaN, null, "not run: " + why);
  }

  /** Whether a target was missed. */
  public boolean missed() {
    return target != null && !target.met(ratio);
  }
}
