package dev.varve.bench.cluster;

import dev.varve.bench.Figures;
import dev.varve.bench.Row;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.load.ClientLoad;
import dev.varve.bench.system.SystemKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Systems measured in turns: forwards, backwards, forwards, … A ratio is the median over the turns,
 * never a ratio of medians.
 */
final class Turns {

  /** One measurement of one system. */
  @FunctionalInterface
  interface Measure {
    ClientLoad.Result take(SystemKind kind) throws IOException;
  }

  private final Map<SystemKind, List<ClientLoad.Result>> taken = new EnumMap<>(SystemKind.class);

  /** Measures all of them so many times. */
  static Turns take(Session session, String what, List<SystemKind> kinds, Measure measure)
      throws IOException {
    Turns turns = new Turns();
    List<SystemKind> order = new ArrayList<>(kinds);
    int count = session.settings().pairs();
    for (int turn = 0; turn < count; turn++) {
      for (SystemKind kind : order) {
        session.tick(what + ", " + kind.label(), turn + 1, count);
        turns.add(kind, measure.take(kind));
      }
      Collections.reverse(order);
    }
    return turns;
  }

  void add(SystemKind kind, ClientLoad.Result result) {
    taken.computeIfAbsent(kind, _ -> new ArrayList<>()).add(result);
  }

  private double[] figures(SystemKind kind, ToDoubleFunction<ClientLoad.Result> figure) {
    List<ClientLoad.Result> results = taken.get(kind);
    if (results == null) {
      throw new IllegalArgumentException("nothing was measured of " + kind.label());
    }
    return results.stream().mapToDouble(figure).toArray();
  }

  /** Varve beside a peer by one figure of a result. */
  Row row(
      String scenario,
      String variant,
      String unit,
      SystemKind peer,
      ToDoubleFunction<ClientLoad.Result> figure,
      @Nullable Target target,
      String note) {
    double[] mine = figures(SystemKind.VARVE, figure);
    double[] other = figures(peer, figure);
    double[] ratios = new double[mine.length];
    for (int turn = 0; turn < mine.length; turn++) {
      ratios[turn] = mine[turn] / other[turn];
    }
    return new Row(
        scenario,
        variant,
        unit,
        Figures.median(mine),
        peer.label(),
        Figures.median(other),
        Figures.median(ratios),
        target,
        note);
  }

  /** The median latencies of a system, in a few words. */
  String latencies(SystemKind kind) {
    return String.format(
        Locale.ROOT,
        "%s p50 %s, p99.9 %s µs",
        kind.label(),
        Figures.number(Figures.median(figures(kind, result -> result.micros(50)))),
        Figures.number(Figures.median(figures(kind, result -> result.micros(99.9)))));
  }
}
