package dev.varve.bench;

import dev.varve.bench.engine.Contender;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How much a run measures.
 *
 * @param directory where the stores are made, each in a directory of its own that is deleted after
 * @param contenders the stores that take part
 * @param measure how long one measurement lasts
 * @param pairs how often all sides of a comparison are measured, in alternating order
 * @param dataBytes bytes of keys and values in a loaded store
 * @param valueBytes the lengths of values
 * @param keydirKeysMax up to how many keys the keydir is filled
 * @param dropCaches whether the kernel's page cache may be dropped for reads that are cold
 */
public record Settings(
    Path directory,
    List<Contender> contenders,
    Duration measure,
    int pairs,
    long dataBytes,
    List<Integer> valueBytes,
    long keydirKeysMax,
    boolean dropCaches) {
  public Settings {
    contenders = List.copyOf(contenders);
    valueBytes = List.copyOf(valueBytes);
    if (pairs < 1) {
      throw new IllegalArgumentException("pairs must be positive: " + pairs);
    }
  }
}
