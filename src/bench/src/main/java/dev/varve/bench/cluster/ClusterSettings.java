package dev.varve.bench.cluster;

import dev.varve.bench.system.Programs;
import dev.varve.bench.system.SystemKind;
import java.time.Duration;
import java.util.List;

/**
 * How much a run of the replicated scenarios measures, beyond {@link dev.varve.bench.Settings}.
 *
 * @param systems that take part; Varve is always among them and comes first
 * @param clients numbers of clients
 * @param warmUp before each measurement, with the same load
 * @param repetitions how often a primary is killed, and how often it is told to step down
 * @param programs what is started
 */
record ClusterSettings(
    List<SystemKind> systems,
    List<Integer> clients,
    Duration warmUp,
    int repetitions,
    Programs programs) {
  ClusterSettings {
    systems = List.copyOf(systems);
    clients = List.copyOf(clients);
    if (systems.isEmpty() || systems.getFirst() != SystemKind.VARVE) {
      throw new IllegalArgumentException("Varve must come first: " + systems);
    }
  }
}
