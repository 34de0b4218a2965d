package dev.varve.bench.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.varve.bench.load.Dataset;
import dev.varve.bench.load.Distribution;
import dev.varve.bench.load.Updates;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One test for all stores: what the measurements rest on. */
class EngineTest {
  private static final Dataset DATA = new Dataset(500, 100);

  @TempDir Path directory;

  @ParameterizedTest
  @EnumSource
  void answersTheNewestValueAlsoAfterCompactingAndReopening(Contender contender)
      throws IOException {
    Updates updates;
    try (Engine engine = contender.open(directory)) {
      engine.load(DATA, done -> {});
      updates = new Updates(engine, DATA, Distribution.uniform(DATA.keys()));
      updates.verify(DATA.keys());
      updates.half(done -> {});
      updates.verify(DATA.keys());
      engine.compact();
      updates.verify(DATA.keys());
    }
    try (Engine again = contender.open(directory)) {
      updates.verify(again, DATA.keys());
      assertNull(again.get(DATA.key(DATA.keys())));
      again.put(DATA.key(7), DATA.value(7, 99));
      assertEquals(99, DATA.versionOf(7, again.get(DATA.key(7))));
    }
  }
}
