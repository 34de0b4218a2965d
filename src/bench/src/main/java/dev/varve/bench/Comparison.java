package dev.varve.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Several sides measured in turns: forwards, backwards, forwards, … so that a machine that slows
 * down slows all of them. A ratio is the median over the turns, never a ratio of medians.
 */
public final class Comparison {

  /** One measurement of one side; more is better. */
  @FunctionalInterface
  public interface Measure {
    /** The figure. */
    double take() throws IOException;
  }

  private final String scenario;
  private final String variant;
  private final String unit;
  private final Map<String, Measure> sides = new LinkedHashMap<>();
  private final Map<String, double[]> taken = new LinkedHashMap<>();

  /** Begins without sides. */
  public Comparison(String scenario, String variant, String unit) {
    this.scenario = scenario;
    this.variant = variant;
    this.unit = unit;
  }

  /** Adds a side. */
  public void side(String name, Measure measure) {
    sides.put(name, measure);
  }

  /** Measures all sides so many times. */
  public void run(Session session) throws IOException {
    int turns = session.settings().pairs();
    List<String> order = new ArrayList<>(sides.keySet());
    for (String side : order) {
      taken.put(side, new double[turns]);
    }
    for (int turn = 0; turn < turns; turn++) {
      for (String side : order) {
        session.tick(scenario + ", " + variant + ", " + side, turn + 1, turns);
        of(side)[turn] = measure(side).take();
      }
      Collections.reverse(order);
    }
  }

  private Measure measure(String side) {
    Measure measure = sides.get(side);
    if (measure == null) {
      throw new IllegalArgumentException("no side " + side);
    }
    return measure;
  }

  /** Whether there is such a side. */
  public boolean has(String side) {
    return sides.containsKey(side);
  }

  /** A side's figures, turn by turn. */
  public double[] of(String side) {
    double[] figures = taken.get(side);
    if (figures == null) {
      throw new IllegalArgumentException("nothing was measured of " + side);
    }
    return figures;
  }

  /** One side beside another one. */
  public Row row(String side, String beside, @Nullable Target target, String note) {
    return row(side, beside, of(beside), target, note);
  }

  /** One side beside whichever of the others was best in each turn. */
  public Row rowBesideBest(String side, List<String> others, @Nullable Target target) {
    double[] best = new double[of(side).length];
    for (String other : others) {
      for (int turn = 0; turn < best.length; turn++) {
        best[turn] = Math.max(best[turn], of(other)[turn]);
      }
    }
    return row(side, "best of " + String.join(", ", others), best, target, "");
  }

  private Row row(
      String side, String beside, double[] other, @Nullable Target target, String note) {
    double[] mine = of(side);
    double[] ratios = new double[mine.length];
    for (int turn = 0; turn < mine.length; turn++) {
      ratios[turn] = mine[turn] / other[turn];
    }
    return new Row(
        scenario,
        variant,
        unit,
        Figures.median(mine),
        beside,
        Figures.median(other),
        Figures.median(ratios),
        target,
        note);
  }
}
