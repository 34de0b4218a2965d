package dev.varve.bench.scenario;

import dev.varve.bench.Comparison;
import dev.varve.bench.Figures;
import dev.varve.bench.Row;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.engine.VarveEngine;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.load.Distribution;
import dev.varve.bench.load.Updates;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** How long a store takes to open again. */
final class Reopening implements Scenario {
  private static final int VALUE_BYTES = 100;
  private static final double FROM_CHECKPOINT_TARGET = 5_000_000;
  private static final double FROM_HINTS_TARGET = 1_000_000;
  private static final long VERIFIED_KEYS = 2000;

  @Override
  public String name() {
    return "reopen";
  }

  @Override
  public String title() {
    return "Opening again";
  }

  @Override
  public String method() {
    return "A store of 100-byte values, half of them overwritten and then compacted, so that every"
        + " live key is in a hint file; closed and opened in turns, its files in the page cache. Keys a"
        + " second from the call to the store that answers: from the keydir's checkpoint that closing"
        + " leaves, and with it deleted, from hints. The peers keep no index of all keys in memory and"
        + " are not compared.";
  }

  @Override
  public void run(Session session) throws IOException {
    Dataset data = Dataset.ofBytes(session.settings().dataBytes(), VALUE_BYTES);
    Path directory = session.newDirectory("varve");
    try {
      Updates updates;
      try (VarveEngine varve = new VarveEngine(directory)) {
        varve.load(data, done -> session.tick("loading Varve", done, data.keys()));
        updates = new Updates(varve, data, Distribution.uniform(data.keys()));
        updates.half(done -> session.tick("updating Varve", done, data.keys()));
        varve.compact();
      }
      measure(
          session,
          "from the checkpointed keydir",
          FROM_CHECKPOINT_TARGET,
          data,
          () -> {
            return open(directory, data, updates);
          });
      measure(
          session,
          "from hints",
          FROM_HINTS_TARGET,
          data,
          () -> {
            Files.delete(directory.resolve("main/_keydir"));
            return open(directory, data, updates);
          });
    } finally {
      Session.delete(directory);
    }
  }

  private void measure(
      Session session, String from, double target, Dataset data, Comparison.Measure side)
      throws IOException {
    String variant = String.format(Locale.ROOT, "%s, %,d keys", from, data.keys());
    Comparison comparison = new Comparison(name(), variant, "keys/s");
    comparison.side(Contender.VARVE.label(), side);
    comparison.run(session);
    double perSecond = Figures.median(comparison.of(Contender.VARVE.label()));
    session.add(
        new Row(
            name(),
            variant,
            "keys/s",
            perSecond,
            "the target",
            target,
            perSecond / target,
            Target.atLeast(1),
            ""));
  }

  private static double open(Path directory, Dataset data, Updates updates) throws IOException {
    long started = System.nanoTime();
    try (Engine engine = Contender.VARVE.open(directory)) {
      double seconds = (System.nanoTime() - started) / 1e9;
      updates.verify(engine, VERIFIED_KEYS);
      return data.keys() / seconds;
    }
  }
}
