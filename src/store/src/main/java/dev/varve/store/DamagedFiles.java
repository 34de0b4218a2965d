package dev.varve.store;

import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.CorruptRecordException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The files of this store that are known not to be what was written, and why. Nobody copies them
 * from here: an image or a backup that has one is refused. For any thread.
 */
final class DamagedFiles {
  private static final System.Logger LOG = System.getLogger(DamagedFiles.class.getName());

  private final Map<String, String> reasons = new ConcurrentHashMap<>();

  /** Takes note; of what is found later the first reason stays. */
  void note(String path, String reason) {
    if (reasons.putIfAbsent(path, reason) == null) {
      LOG.log(System.Logger.Level.ERROR, "damaged: {0}: {1}", path, reason);
    }
  }

  /** Takes note of what a reader met. */
  void note(CorruptRecordException met) {
    note(met.file(), String.valueOf(met.getMessage()));
  }

  /** It is what was written after all, or again, or it is gone. */
  void forget(String path) {
    reasons.remove(path);
  }

  /**
   * Before a file is given to somebody else.
   *
   * @throws CorruptionException if it is damaged
   */
  void require(String path) throws CorruptionException {
    String reason = reasons.get(path);
    if (reason != null) {
      throw new CorruptionException(path, 0, reason);
    }
  }

  /** By path. */
  Map<String, String> all() {
    return new TreeMap<>(reasons);
  }
}
