package dev.varve.cli;

import dev.varve.protocol.v1.Strategy;
import java.util.Locale;

/**
 * A keyspace and how to compact it, typed {@code main} or {@code main=rewrite}.
 *
 * @param keyspace empty: all
 */
record KeyspaceStrategy(String keyspace, Strategy strategy) {
  static final KeyspaceStrategy ALL = new KeyspaceStrategy("", Strategy.STRATEGY_UNSPECIFIED);

  static KeyspaceStrategy parse(String text) {
    int equals = text.indexOf('=');
    String keyspace = equals < 0 ? text : text.substring(0, equals);
    if (keyspace.isEmpty()) {
      throw new UsageException("--keyspace '" + text + "' names no keyspace");
    }
    if (equals < 0) {
      return new KeyspaceStrategy(keyspace, Strategy.STRATEGY_UNSPECIFIED);
    }
    String name = text.substring(equals + 1);
    return new KeyspaceStrategy(
        keyspace,
        switch (name.toLowerCase(Locale.ROOT)) {
          case "rewrite" -> Strategy.STRATEGY_REWRITE;
          case "lookup" -> Strategy.STRATEGY_LOOKUP;
          case "scan" -> Strategy.STRATEGY_SCAN;
          case "shift" -> Strategy.STRATEGY_SHIFT;
          default ->
              throw new UsageException(
                  "--keyspace "
                      + text
                      + ": '"
                      + name
                      + "' is no strategy (rewrite, lookup, scan or shift)");
        });
  }
}
