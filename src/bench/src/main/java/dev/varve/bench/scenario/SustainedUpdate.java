package dev.varve.bench.scenario;

import dev.varve.bench.Comparison;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.engine.VarveEngine;
import dev.varve.bench.load.ClosedLoad;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.load.Distribution;
import dev.varve.bench.load.Updates;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Updates for so long that what they replace must be compacted away meanwhile. */
final class SustainedUpdate implements Scenario {
  private static final int VALUE_BYTES = 1024;
  private static final int WRITERS = 64;
  private static final double DEAD_RATIO = 0.5;

  /** A quarter of the data, overwritten for longer: several times its size in updates. */
  private static final int DATA_SHARE = 4;

  private static final int LONGER = 4;
  private static final long VERIFIED_KEYS = 2000;

  @Override
  public String name() {
    return "sustained-update";
  }

  @Override
  public String title() {
    return "Sustained durable update, compaction included";
  }

  @Override
  public String method() {
    return "As durable update with 64 writers, on a quarter of the data and four times as long, so"
        + " that it is overwritten several times. Varve is compacted whenever half of its bytes are"
        + " dead; RocksDB, LMDB, MVStore and Xodus reclaim as they do by themselves.";
  }

  @Override
  public void run(Session session) throws IOException {
    Dataset data = Dataset.ofBytes(session.settings().dataBytes() / DATA_SHARE, VALUE_BYTES);
    Duration length = session.settings().measure().multipliedBy(LONGER);
    Comparison comparison =
        new Comparison(name(), Sizes.label(VALUE_BYTES) + ", " + WRITERS + " writers", "updates/s");
    List<BackgroundCompaction> compactions = new ArrayList<>();
    try (Session.Stores stores = session.stores(data, true)) {
      for (Map.Entry<Contender, Engine> entry : stores.engines().entrySet()) {
        Engine engine = entry.getValue();
        Updates updates = new Updates(engine, data, Distribution.uniform(data.keys()));
        comparison.side(
            entry.getKey().label(), () -> sustained(engine, updates, length, compactions));
      }
      comparison.run(session);
    }
    String note = "Varve: " + BackgroundCompaction.describe(compactions);
    for (Contender peer : session.settings().contenders()) {
      if (peer != Contender.VARVE) {
        @Nullable Target target = peer == Contender.ROCKSDB ? Target.atLeast(3) : null;
        session.add(comparison.row(Contender.VARVE.label(), peer.label(), target, note));
      }
    }
  }

  private static double sustained(
      Engine engine, Updates updates, Duration length, List<BackgroundCompaction> compactions)
      throws IOException {
    double perSecond;
    if (engine instanceof VarveEngine varve) {
      try (BackgroundCompaction compaction =
          new BackgroundCompaction(() -> compactIfHalfDead(varve))) {
        perSecond = ClosedLoad.perSecond(WRITERS, length, updates.by(WRITERS));
        compactions.add(compaction);
      }
    } else {
      perSecond = ClosedLoad.perSecond(WRITERS, length, updates.by(WRITERS));
    }
    updates.verify(VERIFIED_KEYS);
    return perSecond;
  }

  private static boolean compactIfHalfDead(VarveEngine varve) throws IOException {
    if (varve.status().deadRatio() < DEAD_RATIO) {
      return false;
    }
    varve.compact();
    return true;
  }
}
