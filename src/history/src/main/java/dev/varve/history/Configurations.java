package dev.varve.history;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Configurations that were reached, without those that another one makes needless. */
final class Configurations {
  private final Map<Configuration.Position, List<Configuration>> byPosition = new HashMap<>(4);

  /** False if one that is no worse is here already. */
  boolean add(Configuration configuration) {
    List<Configuration> known =
        byPosition.computeIfAbsent(configuration.position(), _ -> new ArrayList<>(1));
    for (Configuration other : known) {
      if (other.isNoWorseThan(configuration)) {
        return false;
      }
    }
    known.removeIf(configuration::isNoWorseThan);
    known.add(configuration);
    return true;
  }

  void forEach(Consumer<Configuration> action) {
    byPosition.values().forEach(known -> known.forEach(action));
  }

  boolean isEmpty() {
    return byPosition.isEmpty();
  }
}
