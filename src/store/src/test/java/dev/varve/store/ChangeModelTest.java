package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Batches, compactions of all strategies, cuts of power, rolled manifests and readers at all places
 * in random order, with a window so small that most is read from segments. A reader gets exactly
 * what was written after its place, or is told that it may be gone; never anything else.
 */
@ExtendWith(QuietLog.class)
class ChangeModelTest {
  private static final int SEEDS = 60;
  private static final int STEPS = 250;

  private long refused;
  private long accepted;

  @Test
  void readersGetEverythingOrAreTold() throws IOException {
    for (long seed = 1; seed <= SEEDS; seed++) {
      try {
        new Run(new Random(seed)).run();
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
    assertTrue(refused > SEEDS && accepted > SEEDS, refused + " refused, " + accepted + " not");
  }

  private final class Run {
    private final Random random;
    private final StoreFixture fixture = new StoreFixture();
    private final TreeMap<Long, Map<String, String>> written = new TreeMap<>();
    private final List<Following> following = new ArrayList<>();
    private SimulatedStorage storage = new SimulatedStorage();
    private Store store;
    private int runs;

    /** At or below this something was dropped, at most. */
    private long mayBeGone;

    Run(Random random) throws IOException {
      this.random = random;
      this.store = open();
    }

    /** A reader that lives while the store does, and what it has yet to be told. */
    private final class Following {
      private final ChangeReader reader;
      private long at;

      Following(long after) throws IOException {
        reader = store.changes("main", new byte[0], after);
        at = after;
      }

      /** False once it was told that something is gone. */
      boolean read(int most) throws IOException {
        try {
          for (int i = 0; i < most; i++) {
            ChangeSet set = reader.next();
            Map.Entry<Long, Map<String, String>> expected = written.higherEntry(at);
            long to = reader.position();
            assertTrue(to >= at, "it goes on");
            if (set == null || set.changes().isEmpty()) {
              assertTrue(expected == null || expected.getKey() > to, () -> "left out " + expected);
            } else {
              assertEquals(expected == null ? "none" : expected.toString(), render(set));
              assertEquals(set.sequence(), to);
            }
            at = to;
            if (set == null) {
              return true;
            }
          }
          if (random.nextBoolean()) {
            reader.pause();
          }
          return true;
        } catch (ChangesGoneException e) {
          assertTrue(at < e.goneUpTo(), "told after " + at + ": " + e.getMessage());
          assertTrue(e.goneUpTo() <= mayBeGone, e.getMessage() + " but " + mayBeGone);
          refused++;
          return false;
        }
      }
    }

    private Store open() throws IOException {
      StoreFixture small = random.nextInt(3) == 0 ? fixture.with(new ManifestBound(0, 2)) : fixture;
      return Store.openStandalone(
          small.options.withWindowBytesMax(random.nextInt(1500)),
          storage,
          Trampoline.runtime(fixture.nowMs::get, fixture.nanos::get));
    }

    void run() throws IOException {
      for (int step = 0; step < STEPS; step++) {
        switch (random.nextInt(12)) {
          case 0 -> compact();
          case 1 -> follow();
          case 2 -> reopen();
          case 3, 4 -> {
            for (Following one : List.copyOf(following)) {
              if (!one.read(random.nextInt(20))) {
                following.remove(one);
              }
            }
          }
          default -> write();
        }
      }
      // Wherever one begins, what it is told is all there is; from where it is promised it works.
      for (long after = 0; after <= store.log().state().applied(); after++) {
        boolean whole = new Following(after).read(Integer.MAX_VALUE);
        accepted += whole ? 1 : 0;
        assertTrue(whole || after < mayBeGone, "refused after " + after + " of " + mayBeGone);
      }
      store.close();
    }

    private void write() throws IOException {
      WriteBatch batch = new WriteBatch();
      Map<String, String> changes = new LinkedHashMap<>();
      int size = random.nextInt(10) == 0 ? random.nextInt(60) + 1 : random.nextInt(3) + 1;
      for (int i = 0; i < size; i++) {
        String key = "k" + random.nextInt(80);
        if (changes.containsKey(key)) {
          continue;
        }
        if (random.nextInt(4) == 0) {
          batch.delete("main", bytes(key));
          changes.put(key, "-");
        } else {
          String value = StoreFixture.value(random.nextInt(1000), random.nextInt(200) + 4);
          batch.put("main", bytes(key), bytes(value));
          changes.put(key, value);
        }
      }
      if (random.nextInt(5) == 0) {
        batch.put("objects", bytes("o" + random.nextInt(5)), bytes("elsewhere"));
      }
      written.put(StoreFixture.write(store, batch), changes);
    }

    private void compact() throws IOException {
      Strategy[] strategies = {Strategy.REWRITE, Strategy.LOOKUP, Strategy.SCAN};
      CompactionOptions options =
          new CompactionOptions(
              "main",
              strategies[random.nextInt(strategies.length)],
              random.nextBoolean() ? 0 : 0.3,
              0,
              0,
              0,
              random.nextBoolean());
      long before = store.log().state().applied();
      CompactionEvent end =
          store.compact(
              new CompactionRequest("run-" + ++runs, options, random.nextBoolean(), 0),
              event -> {},
              CancelToken.unbounded());
      if (end.type() == CompactionEvent.Type.COMPLETED) {
        mayBeGone = Math.max(mayBeGone, before);
      }
      if (random.nextBoolean()) {
        store.checkpoint().join();
      }
    }

    private void follow() throws IOException {
      if (following.size() < 4) {
        following.add(new Following(random.nextLong(store.log().state().applied() + 1)));
      }
    }

    private void reopen() throws IOException {
      following.clear();
      if (random.nextBoolean()) {
        store.close();
      } else {
        storage = storage.crash(random.nextLong());
      }
      store = open();
    }

    private String render(ChangeSet set) {
      Map<String, String> changes = new LinkedHashMap<>();
      for (ChangeSet.Change change : set.changes()) {
        byte[] value = change.value();
        changes.put(text(change.key()), value == null ? "-" : text(value));
      }
      return Map.entry(set.sequence(), changes).toString();
    }
  }
}
