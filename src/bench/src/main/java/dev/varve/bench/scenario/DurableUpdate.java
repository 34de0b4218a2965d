package dev.varve.bench.scenario;

import dev.varve.bench.Comparison;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.load.ClosedLoad;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.load.Distribution;
import dev.varve.bench.load.Updates;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Updates of single keys, each synced before it is answered. */
final class DurableUpdate implements Scenario {
  private static final int VALUE_BYTES = 1024;
  private static final int MANY_WRITERS = 64;
  private static final long VERIFIED_KEYS = 2000;

  @Override
  public String name() {
    return "durable-update";
  }

  @Override
  public String title() {
    return "Durable random update";
  }

  @Override
  public String method() {
    return "Uniformly chosen present keys at 1 KiB, every update synced before it is answered; one"
        + " thread, then 64. Afterwards the last acknowledged version of keys is read back.";
  }

  @Override
  public void run(Session session) throws IOException {
    Dataset data = Dataset.ofBytes(session.settings().dataBytes(), VALUE_BYTES);
    try (Session.Stores stores = session.stores(data, true)) {
      Map<Contender, Updates> updates = new EnumMap<>(Contender.class);
      for (Map.Entry<Contender, Engine> entry : stores.engines().entrySet()) {
        updates.put(
            entry.getKey(), new Updates(entry.getValue(), data, Distribution.uniform(data.keys())));
      }
      measure(session, updates, 1, Target.atLeast(1));
      measure(session, updates, MANY_WRITERS, Target.atLeast(1.5));
      for (Updates done : updates.values()) {
        done.verify(VERIFIED_KEYS);
      }
      for (Contender contender : updates.keySet()) {
        updatesOf(updates, contender).verify(stores.reopen(contender), VERIFIED_KEYS);
      }
    }
  }

  private void measure(
      Session session, Map<Contender, Updates> updates, int writers, Target rocksDbTarget)
      throws IOException {
    Comparison comparison =
        new Comparison(
            name(),
            Sizes.label(VALUE_BYTES) + ", " + writers + (writers == 1 ? " writer" : " writers"),
            "updates/s");
    for (Contender contender : updates.keySet()) {
      ClosedLoad.Work work = updatesOf(updates, contender).by(writers);
      comparison.side(
          contender.label(),
          () -> ClosedLoad.perSecond(writers, session.settings().measure(), work));
    }
    comparison.run(session);
    for (Contender peer : updates.keySet()) {
      if (peer != Contender.VARVE) {
        @Nullable Target target = peer == Contender.ROCKSDB ? rocksDbTarget : null;
        session.add(comparison.row(Contender.VARVE.label(), peer.label(), target, ""));
      }
    }
  }

  private static Updates updatesOf(Map<Contender, Updates> updates, Contender contender) {
    Updates found = updates.get(contender);
    if (found == null) {
      throw new IllegalStateException(contender + " takes no part");
    }
    return found;
  }
}
