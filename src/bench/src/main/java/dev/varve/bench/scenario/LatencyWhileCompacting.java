package dev.varve.bench.scenario;

import dev.varve.bench.Figures;
import dev.varve.bench.Row;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.load.ClosedLoad;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.load.Distribution;
import dev.varve.bench.load.OfferedLoad;
import dev.varve.bench.load.Updates;
import dev.varve.bench.load.Workers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** What a compaction does to the latency of reads and writes beside it. */
final class LatencyWhileCompacting implements Scenario {
  private static final int VALUE_BYTES = 1024;
  private static final int GET = 0;
  private static final int PUT = 1;
  private static final int[] THREADS = {1, 16};
  private static final String[] LABELS = {"get", "put"};
  private static final double[] PERCENTILES = {99, 99.9};
  private static final Target[] TARGETS = {Target.atMost(1.2), Target.atMost(2)};
  private static final long VERIFIED_KEYS = 2000;

  @Override
  public String name() {
    return "latency-while-compacting";
  }

  @Override
  public String title() {
    return "Latency of get and put while compacting";
  }

  @Override
  public String method() {
    return "One thread gets and 16 threads put (durably) uniform keys at 1 KiB at the same time; first"
        + " as fast as they can, then at half of each of those rates, in turns without and with a"
        + " thread that compacts again and again, Varve at the rate that it adapts to these"
        + " latencies. Latency counts from the time at which an operation"
        + " was meant to start (no coordinated omission), in HdrHistograms of three digits. Figures"
        + " are microseconds; the ratio is compacting ÷ idle. Peers' rows compare how many times"
        + " worse each gets by its own compaction.";
  }

  /** Latencies of gets and of puts. */
  private record Latencies(Histogram get, Histogram put) {
    double micros(int operation, double percentile) {
      return (operation == GET ? get : put).getValueAtPercentile(percentile) / 1e3;
    }
  }

  /** By operation, percentile and turn: microseconds idle, while compacting, and their ratio. */
  @SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
  private record Taken(double[][][] idle, double[][][] compacting, String note) {
    double ratio(int operation, int percentile) {
      double[] ratios = new double[idle[operation][percentile].length];
      for (int turn = 0; turn < ratios.length; turn++) {
        ratios[turn] = compacting[operation][percentile][turn] / idle[operation][percentile][turn];
      }
      return Figures.median(ratios);
    }
  }

  @Override
  public void run(Session session) throws IOException {
    Dataset data = Dataset.ofBytes(session.settings().dataBytes(), VALUE_BYTES);
    Map<Contender, Taken> all = new EnumMap<>(Contender.class);
    try (Session.Stores stores = session.stores(data, true)) {
      for (Map.Entry<Contender, Engine> entry : stores.engines().entrySet()) {
        session.say("  " + name() + ": " + entry.getKey().label());
        all.put(entry.getKey(), take(session, entry.getValue(), data));
      }
    }
    Taken varve = all.remove(Contender.VARVE);
    if (varve == null) {
      throw new IllegalStateException("Varve takes no part");
    }
    for (int operation : new int[] {GET, PUT}) {
      for (int p = 0; p < PERCENTILES.length; p++) {
        String variant =
            LABELS[operation] + " p" + Figures.number(PERCENTILES[p]) + ", 1 KiB, uniform";
        session.add(
            new Row(
                name(),
                variant,
                "µs",
                Figures.median(varve.compacting[operation][p]),
                "itself idle",
                Figures.median(varve.idle[operation][p]),
                varve.ratio(operation, p),
                TARGETS[p],
                varve.note));
        for (Map.Entry<Contender, Taken> peer : all.entrySet()) {
          session.add(besidePeer(variant, varve, peer.getKey(), peer.getValue(), operation, p));
        }
      }
    }
  }

  private Row besidePeer(
      String variant, Taken varve, Contender peer, Taken taken, int operation, int percentile) {
    double mine = varve.ratio(operation, percentile);
    double other = taken.ratio(operation, percentile);
    return new Row(
        name(),
        variant,
        "times worse",
        mine,
        peer.label(),
        other,
        mine / other,
        null,
        String.format(
            Locale.ROOT,
            "%s: %s µs compacting, %s idle; %s",
            peer.label(),
            Figures.number(Figures.median(taken.compacting[operation][percentile])),
            Figures.number(Figures.median(taken.idle[operation][percentile])),
            taken.note));
  }

  private static Taken take(Session session, Engine engine, Dataset data) throws IOException {
    int turns = session.settings().pairs();
    Duration length = session.settings().measure();
    Updates updates = new Updates(engine, data, Distribution.uniform(data.keys()));
    ClosedLoad.Work get =
        (worker, random) -> {
          long index = random.nextLong(data.keys());
          Verification.present(index, engine.get(data.key(index)), data);
        };
    ClosedLoad.Work put = updates.by(THREADS[PUT]);
    double[] maximum = maximum(length, get, put);
    double[][][] idle = new double[2][PERCENTILES.length][turns];
    double[][][] compacting = new double[2][PERCENTILES.length][turns];
    long busyNanos = 0;
    List<BackgroundCompaction> compactions = new ArrayList<>();
    for (int turn = 0; turn < turns; turn++) {
      session.tick("turn", turn + 1, turns);
      keep(offered(engine, maximum, length, get, put), idle, turn);
      BackgroundCompaction compaction =
          new BackgroundCompaction(
              () -> {
                engine.compact();
                return true;
              });
      try (compaction) {
        keep(offered(engine, maximum, length, get, put), compacting, turn);
      }
      busyNanos += compaction.busyNanos();
      compactions.add(compaction);
      updates.verify(VERIFIED_KEYS);
    }
    String note =
        String.format(
            Locale.ROOT,
            "offered %s gets/s and %s puts/s; %s, %.0f %% of the time",
            Figures.number(maximum[GET] / 2),
            Figures.number(maximum[PUT] / 2),
            BackgroundCompaction.describe(compactions),
            Math.min(100, 100.0 * busyNanos / ((double) turns * length.toNanos())));
    return new Taken(idle, compacting, note);
  }

  private static void keep(Latencies latencies, double[][][] into, int turn) {
    for (int operation : new int[] {GET, PUT}) {
      for (int p = 0; p < PERCENTILES.length; p++) {
        into[operation][p][turn] = latencies.micros(operation, PERCENTILES[p]);
      }
    }
  }

  private static double[] maximum(Duration length, ClosedLoad.Work get, ClosedLoad.Work put)
      throws IOException {
    double[] perSecond = new double[2];
    Workers.run(
        2,
        (side, running) ->
            perSecond[side] = ClosedLoad.perSecond(THREADS[side], length, side == GET ? get : put));
    return perSecond;
  }

  private static Latencies offered(
      Engine engine, double[] maximum, Duration length, ClosedLoad.Work get, ClosedLoad.Work put)
      throws IOException {
    AtomicReferenceArray<@Nullable Histogram> taken = new AtomicReferenceArray<>(2);
    Workers.run(
        2,
        (side, running) ->
            taken.set(
                side,
                OfferedLoad.latencies(
                    THREADS[side],
                    maximum[side] / 2,
                    length,
                    side == GET ? get : put,
                    side == GET ? engine::gotWithin : engine::putWithin)));
    Histogram gets = taken.get(GET);
    Histogram puts = taken.get(PUT);
    if (gets == null || puts == null) {
      throw new IllegalStateException("a side ended without latencies");
    }
    return new Latencies(gets, puts);
  }
}
