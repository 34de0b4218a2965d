package dev.varve.bench.cluster;

import dev.varve.bench.Session;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.system.Clients;
import dev.varve.bench.system.Processes;
import dev.varve.bench.system.ReplicatedSystem;
import dev.varve.bench.system.SystemKind;
import dev.varve.bench.system.VarveSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** One run: its settings and results, and the systems that it starts. */
final class ClusterRun {
  private final Session session;
  private final ClusterSettings settings;
  private final Map<SystemKind, String> versions = new EnumMap<>(SystemKind.class);

  ClusterRun(Session session, ClusterSettings settings) {
    this.session = session;
    this.settings = settings;
  }

  Session session() {
    return session;
  }

  ClusterSettings settings() {
    return settings;
  }

  /** What the systems that were started so far said of themselves. */
  Map<SystemKind, String> versions() {
    return versions;
  }

  /** Starts all systems that take part, empty. */
  Systems startAll() throws IOException {
    return start(settings.systems());
  }

  /** Starts Varve alone, empty. */
  Systems startVarve() throws IOException {
    return start(List.of(SystemKind.VARVE));
  }

  private Systems start(List<SystemKind> kinds) throws IOException {
    Systems systems = new Systems(session.newDirectory("cluster"));
    try {
      for (SystemKind kind : kinds) {
        session.say("  starting " + kind.label());
        ReplicatedSystem system =
            kind.start(
                systems.processes,
                systems.directory.resolve(kind.name().toLowerCase(Locale.ROOT)),
                settings.programs());
        systems.running.put(kind, system);
        versions.put(kind, system.version());
      }
      return systems;
    } catch (IOException | RuntimeException e) {
      systems.close();
      throw e;
    }
  }

  /** Running systems; closing kills their processes and deletes their files. */
  final class Systems implements AutoCloseable {
    private final Path directory;
    private final Processes processes = new Processes();
    private final Map<SystemKind, ReplicatedSystem> running = new EnumMap<>(SystemKind.class);

    private Systems(Path directory) {
      this.directory = directory;
    }

    /** Those that run, Varve first. */
    List<SystemKind> kinds() {
      return List.copyOf(running.keySet());
    }

    ReplicatedSystem of(SystemKind kind) {
      ReplicatedSystem system = running.get(kind);
      if (system == null) {
        throw new IllegalStateException(kind.label() + " takes no part");
      }
      return system;
    }

    /** Varve with what only it can do. */
    VarveSystem varve() {
      return (VarveSystem) of(SystemKind.VARVE);
    }

    /** Puts version 0 of all entries to each system. */
    Map<SystemKind, Puts> load(Dataset data) throws IOException {
      Map<SystemKind, Puts> loaded = new EnumMap<>(SystemKind.class);
      for (SystemKind kind : kinds()) {
        Puts puts = new Puts(data);
        try (Clients clients = of(kind).connect(Puts.LOADING_CLIENTS)) {
          puts.load(clients, done -> session.tick("loading " + kind.label(), done, data.keys()));
        }
        loaded.put(kind, puts);
      }
      return loaded;
    }

    @Override
    public void close() throws IOException {
      try {
        running.values().forEach(ReplicatedSystem::close);
      } finally {
        processes.close();
        Session.delete(directory);
      }
    }
  }
}
