package dev.varve.bench.scenario;

import dev.varve.bench.Comparison;
import dev.varve.bench.Row;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.load.ClosedLoad;
import dev.varve.bench.load.Dataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/** Reads of single keys that nothing has cached. */
final class ColdGet implements Scenario {
  private static final Path DROP_CACHES = Path.of("/proc/sys/vm/drop_caches");
  private static final int VALUE_BYTES = 1024;
  private static final String VARIANT = "1 KiB, each key once";

  /** Odd and far from any small fraction of the number of keys: neighbours are not near in time. */
  private static final long STRIDE = 0x9E3779B1L;

  @Override
  public String name() {
    return "cold-get";
  }

  @Override
  public String title() {
    return "Random get, cold";
  }

  @Override
  public String method() {
    return "As above at 1 KiB, but before each measurement the store is opened anew and the kernel's"
        + " page cache dropped (/proc/sys/vm/drop_caches), which stands in for data larger than the"
        + " page cache; each key is asked for at most once.";
  }

  @Override
  public void run(Session session) throws IOException {
    if (!session.settings().dropCaches() || !Files.isWritable(DROP_CACHES)) {
      session.add(
          Row.notRun(
              name(),
              VARIANT,
              "needs leave to write " + DROP_CACHES + " (root, Linux, and --cold)"));
      return;
    }
    Dataset data = Dataset.ofBytes(session.settings().dataBytes(), VALUE_BYTES);
    Comparison comparison = new Comparison(name(), VARIANT, "gets/s");
    try (Session.Stores stores = session.stores(data, true)) {
      for (Contender contender : List.copyOf(stores.engines().keySet())) {
        AtomicLong asked = new AtomicLong();
        comparison.side(
            contender.label(), () -> getsPerSecond(session, stores, contender, data, asked));
      }
      comparison.run(session);
      List<String> named =
          Stream.of(Contender.ROCKSDB, Contender.MVSTORE)
              .map(Contender::label)
              .filter(comparison::has)
              .toList();
      if (!named.isEmpty()) {
        session.add(comparison.rowBesideBest(Contender.VARVE.label(), named, Target.atLeast(1)));
      }
      for (Contender peer : stores.engines().keySet()) {
        if (peer != Contender.VARVE) {
          session.add(comparison.row(Contender.VARVE.label(), peer.label(), null, ""));
        }
      }
    }
  }

  private static double getsPerSecond(
      Session session, Session.Stores stores, Contender contender, Dataset data, AtomicLong asked)
      throws IOException {
    Engine engine = stores.reopen(contender);
    Files.writeString(DROP_CACHES, "3", StandardOpenOption.WRITE);
    return ClosedLoad.perSecond(
        1,
        session.settings().measure(),
        (worker, random) -> {
          long index = Math.floorMod(asked.getAndIncrement() * STRIDE, data.keys());
          Verification.present(index, engine.get(data.key(index)), data);
        });
  }
}
