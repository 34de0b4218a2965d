package dev.varve.bench.scenario;

import dev.varve.bench.engine.Engine;
import dev.varve.bench.load.Dataset;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** That a store answers what was written to it: figures of a store that does not are worthless. */
final class Verification {
  private Verification() {}

  /** Reads keys of a store that was only loaded, spread over all. */
  static void ofLoaded(Engine engine, Dataset data, long keysMax) throws IOException {
    long step = Math.max(1, data.keys() / keysMax);
    for (long i = 0; i < data.keys(); i += step) {
      long version = data.versionOf(i, engine.get(data.key(i)));
      if (version != 0) {
        throw new IllegalStateException("key " + i + " has version " + version + " after the load");
      }
    }
  }

  /**
   * A check that costs nothing beside the read: there is a value and it is as long as it should.
   */
  static void present(long index, byte @Nullable [] value, Dataset data) {
    if (value == null || value.length != data.valueBytes()) {
      throw new IllegalStateException(
          "key " + index + " has " + (value == null ? "no value" : value.length + " bytes"));
    }
  }
}
