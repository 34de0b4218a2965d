package dev.varve.bench.scenario;

import dev.varve.bench.Comparison;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.load.ClosedLoad;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.load.Distribution;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads of single keys, everything in the page cache. */
final class RandomGet implements Scenario {
  private static final int TARGET_VALUE_BYTES = 1024;
  private static final long VERIFIED_KEYS = 2000;

  @Override
  public String name() {
    return "random-get";
  }

  @Override
  public String title() {
    return "Random get, in the page cache";
  }

  @Override
  public String method() {
    return "One thread; stores that were just loaded, compacted and opened again, so all files are in the"
        + " page cache; the value arrives in an array of the caller's own. One unrecorded turn first.";
  }

  @Override
  public void run(Session session) throws IOException {
    for (int valueBytes : session.settings().valueBytes()) {
      Dataset data = Dataset.ofBytes(session.settings().dataBytes(), valueBytes);
      try (Session.Stores stores = session.stores(data, true)) {
        for (Engine engine : stores.engines().values()) {
          Verification.ofLoaded(engine, data, VERIFIED_KEYS);
        }
        measure(session, stores, data, Distribution.uniform(data.keys()));
        measure(session, stores, data, Distribution.zipfian(data.keys()));
      }
    }
  }

  private void measure(
      Session session, Session.Stores stores, Dataset data, Distribution distribution)
      throws IOException {
    Comparison comparison =
        new Comparison(
            name(), Sizes.label(data.valueBytes()) + ", " + distribution.label(), "gets/s");
    for (var entry : stores.engines().entrySet()) {
      comparison.side(
          entry.getKey().label(),
          () -> getsPerSecond(session, entry.getValue(), data, distribution));
      session.tick("warming up " + entry.getKey().label(), 0, 1);
      getsPerSecond(session, entry.getValue(), data, distribution);
    }
    comparison.run(session);
    String varve = Contender.VARVE.label();
    List<String> named =
        Stream.of(Contender.ROCKSDB, Contender.MVSTORE)
            .map(Contender::label)
            .filter(comparison::has)
            .toList();
    if (!named.isEmpty()) {
      @Nullable Target target = data.valueBytes() == TARGET_VALUE_BYTES ? Target.atLeast(3) : null;
      session.add(comparison.rowBesideBest(varve, named, target));
    }
    for (Contender peer : stores.engines().keySet()) {
      if (peer != Contender.VARVE) {
        session.add(comparison.row(varve, peer.label(), null, ""));
      }
    }
  }

  private static double getsPerSecond(
      Session session, Engine engine, Dataset data, Distribution distribution) throws IOException {
    return ClosedLoad.perSecond(
        1,
        session.settings().measure(),
        (worker, random) -> {
          long index = distribution.next(random);
          Verification.present(index, engine.get(data.key(index)), data);
        });
  }
}
