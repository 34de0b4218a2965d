package dev.varve.bench.cluster;

import dev.varve.bench.Target;
import dev.varve.bench.load.ClientLoad;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.system.Clients;
import dev.varve.bench.system.SystemKind;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One kind of operation, by as many clients as asked for, each as fast as it gets answers. */
final class Operations implements ClusterScenario {
  private static final long VERIFIED_KEYS = 1000;

  /** What the clients do, and what the project wants of it. */
  enum Kind {
    /** A put, and its answer, then the next. */
    UNARY_PUTS(
        "unary-puts",
        "Unary puts",
        "puts/s",
        "Each client puts a key of its own, uniformly chosen, and waits for the answer."),
    /** A get, and its answer, then the next. */
    LINEARIZABLE_GETS(
        "linearizable-gets",
        "Linearizable gets",
        "gets/s",
        "Each client gets a uniformly chosen key and waits for the answer, which must be a value"
            + " that was written to that key."),
    /** Puts without waiting for each answer. */
    STREAMED_PUTS(
        "streamed-puts",
        "Streamed puts",
        "puts/s",
        "As unary puts, but each client has up to "
            + Clients.PutStream.WINDOW
            + " unanswered. etcd has no such call: its figures are unary puts. Latency counts from"
            + " when a put is handed to the stream.");

    private final String label;
    private final String title;
    private final String unit;
    private final String method;

    Kind(String label, String title, String unit, String method) {
      this.label = label;
      this.title = title;
      this.unit = unit;
      this.method = method;
    }

    /** What Varve's throughput beside a peer's should be. */
    private @Nullable Target throughput(SystemKind peer) {
      return switch (peer) {
        case VARVE -> null;
        case ETCD -> Target.atLeast(this == STREAMED_PUTS ? 3 : 1.5);
        case REDIS ->
            switch (this) {
              case UNARY_PUTS -> Target.atLeast(0.5);
              case STREAMED_PUTS -> Target.atLeast(1);
              case LINEARIZABLE_GETS -> null;
            };
      };
    }

    /** The same of the 99th percentile of latencies. */
    private @Nullable Target p99(SystemKind peer) {
      return this == UNARY_PUTS && peer == SystemKind.ETCD ? Target.atMost(1) : null;
    }
  }

  private final Kind kind;

  Operations(Kind kind) {
    this.kind = kind;
  }

  @Override
  public String name() {
    return kind.label;
  }

  @Override
  public String title() {
    return kind.title;
  }

  @Override
  public String method() {
    return kind.method + " Each turn begins with a second of the same load that is not recorded.";
  }

  @Override
  public void run(ClusterRun run) throws IOException {
    for (int bytes : run.session().settings().valueBytes()) {
      Dataset data = Dataset.ofBytes(run.session().settings().dataBytes(), bytes);
      try (ClusterRun.Systems systems = run.startAll()) {
        Map<SystemKind, Puts> puts = systems.load(data);
        for (int clients : run.settings().clients()) {
          measure(run, systems, puts, bytes, clients);
        }
      }
    }
  }

  private void measure(
      ClusterRun run,
      ClusterRun.Systems systems,
      Map<SystemKind, Puts> puts,
      int bytes,
      int clients)
      throws IOException {
    String variant = bytes + " B, " + clients + " clients";
    List<SystemKind> kinds = systems.kinds();
    Map<SystemKind, Clients> connected = new EnumMap<>(SystemKind.class);
    try {
      for (SystemKind system : kinds) {
        connected.put(system, systems.of(system).connect(clients));
      }
      Turns turns =
          Turns.take(
              run.session(),
              name() + ", " + variant,
              kinds,
              system -> take(run, of(puts, system), of(connected, system), clients));
      for (SystemKind system : kinds) {
        of(puts, system).verify(of(connected, system), VERIFIED_KEYS);
      }
      add(run, turns, kinds, variant);
    } finally {
      connected.values().forEach(Clients::close);
    }
  }

  private ClientLoad.Result take(ClusterRun run, Puts puts, Clients connected, int clients)
      throws IOException {
    Duration length = run.session().settings().measure();
    Duration warmUp = run.settings().warmUp();
    return switch (kind) {
      case UNARY_PUTS -> ClientLoad.closed(clients, warmUp, length, puts.unary(connected, clients));
      case LINEARIZABLE_GETS -> ClientLoad.closed(clients, warmUp, length, puts.gets(connected));
      case STREAMED_PUTS ->
          ClientLoad.streaming(clients, warmUp, length, puts.streamed(connected, clients));
    };
  }

  private void add(ClusterRun run, Turns turns, List<SystemKind> kinds, String variant) {
    for (SystemKind peer : kinds) {
      if (peer == SystemKind.VARVE && kinds.size() > 1) {
        continue; // beside itself only where nobody else takes part
      }
      @Nullable Target throughput = kind.throughput(peer);
      @Nullable Target p99 = kind.p99(peer);
      run.session()
          .add(
              turns.row(
                  name(), variant, kind.unit, peer, ClientLoad.Result::perSecond, throughput, ""));
      run.session()
          .add(
              turns.row(
                  name(),
                  variant + ", p99",
                  "µs",
                  peer,
                  result -> result.micros(99),
                  p99,
                  turns.latencies(SystemKind.VARVE) + "; " + turns.latencies(peer)));
    }
  }

  private static <T> T of(Map<SystemKind, T> all, SystemKind kind) {
    T found = all.get(kind);
    if (found == null) {
      throw new IllegalStateException(kind.label() + " takes no part");
    }
    return found;
  }
}
