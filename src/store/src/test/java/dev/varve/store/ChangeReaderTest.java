package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.text;
import static dev.varve.store.StoreFixture.value;
import static dev.varve.store.StoreFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.recovery.Repair;
import dev.varve.store.retention.RetentionRules;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(QuietLog.class)
class ChangeReaderTest {
  private final SimulatedStorage storage = new SimulatedStorage();
  private final StoreFixture fixture = new StoreFixture();

  private static ChangeReader read(Store store, long after) throws IOException {
    return store.changes("main", new byte[0], after);
  }

  /** {@code sequence: key=value key-} for each set with changes that there is now. */
  static List<String> drain(ChangeReader reader) throws IOException {
    List<String> sets = new ArrayList<>();
    for (ChangeSet set = reader.next(); set != null; set = reader.next()) {
      if (set.changes().isEmpty()) {
        continue;
      }
      StringBuilder line = new StringBuilder(set.sequence() + ":");
      for (ChangeSet.Change change : set.changes()) {
        byte[] value = change.value();
        line.append(' ').append(text(change.key()));
        line.append(value == null ? "-" : "=" + text(value));
        line.append(change.expiresAtMs() == 0 ? "" : "@" + change.expiresAtMs());
      }
      sets.add(line.toString());
    }
    return sets;
  }

  @Test
  void tellsOfEachBatchOnceInOrder() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      long first = put(store, "main", "a", "1");
      put(store, "objects", "elsewhere", "1");
      ChangeReader reader = read(store, 0);
      assertEquals(List.of(first + ": a=1"), drain(reader));
      assertEquals(store.log().state().applied(), reader.position());
      long batch =
          write(
              store,
              new WriteBatch()
                  .put("main", bytes("z"), bytes("2"))
                  .put("objects", bytes("elsewhere"), bytes("2"))
                  .put("main", bytes("b"), bytes("3"), 2_000_000, WriteBatch.ANY_VERSION)
                  .delete("main", bytes("a")));
      assertEquals(List.of(batch + ": z=2 b=3@2000000 a-"), drain(reader));
      assertEquals(List.of(), drain(reader));
      ChangeReader some = store.changes("main", bytes("b"), first);
      assertEquals(List.of(batch + ": b=3@2000000"), drain(some));
    }
  }

  @Test
  void refusesWhatMakesNoSense() throws IOException {
    StoreFixture both =
        new StoreFixture(
            List.of(
                new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
                new KeyspaceOptions("log", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES)));
    try (Store store = both.standalone(storage)) {
      long last = put(store, "main", "a", "1");
      assertThrows(IllegalArgumentException.class, () -> read(store, last + 1));
      assertThrows(IllegalArgumentException.class, () -> read(store, -1));
      assertThrows(InvalidWriteException.class, () -> store.changes("log", new byte[0], 0));
      assertThrows(InvalidWriteException.class, () -> store.changes("no", new byte[0], 0));
    }
  }

  /** Guard: the bound by what is applied in {@link ChangeReader}; the window has more. */
  @Test
  void tellsOfNothingUncommitted() throws IOException {
    Replica replica = new Replica(fixture);
    ChangeReader reader = read(replica.leader, 0);
    assertEquals(List.of(), drain(reader));
    replica.commits = false;
    CompletableFuture<Long> written =
        replica.leader.write(new WriteBatch().put("main", bytes("a"), bytes("1")));
    long sequence = replica.leader.log().state().last().sequence();
    assertFalse(written.isDone());
    assertEquals(List.of(), drain(reader));
    assertTrue(reader.position() < sequence, "not told of, so not passed either");
    replica.leader.log().commit(sequence);
    assertEquals(List.of(sequence + ": a=1"), drain(reader));
    CompletableFuture<Long> first =
        replica.leader.write(new WriteBatch().put("main", bytes("a"), bytes("2")));
    CompletableFuture<Long> second =
        replica.leader.write(new WriteBatch().put("main", bytes("a"), bytes("3")));
    replica.leader.log().commit(sequence + 1);
    assertTrue(first.isDone() && !second.isDone());
    assertEquals(List.of((sequence + 1) + ": a=2"), drain(reader));
    replica.leader.close();
    replica.follower.close();
  }

  @Test
  void tellsThoseWhoWaitWhenItIsThereToRead() throws IOException {
    Store store = fixture.standalone(storage);
    ChangeReader reader = read(store, store.log().state().applied());
    CompletableFuture<Void> more = reader.whenMore();
    put(store, "objects", "a", "1");
    assertFalse(more.isDone(), "not for another keyspace");
    List<String> seen = new ArrayList<>();
    CompletableFuture<Void> told =
        more.thenRun(
            () -> {
              try {
                seen.addAll(drain(reader));
              } catch (IOException e) {
                throw new CompletionException(e);
              }
            });
    long sequence = put(store, "main", "a", "1");
    told.join();
    assertEquals(List.of(sequence + ": a=1"), seen);
    assertTrue(read(store, sequence - 1).whenMore().isDone(), "there is one already");
    CompletableFuture<Void> last = reader.whenMore();
    store.close();
    CompletionException ended = assertThrows(CompletionException.class, last::join);
    assertInstanceOf(StoreClosedException.class, ended.getCause());
  }

  @Test
  void readsFromSegmentsWhatIsNoLongerInMemory() throws IOException {
    List<String> written = new ArrayList<>();
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 3 * StoredChanges.RECORDS; i++) {
        written.add(put(store, "main", "k" + i % 700, "v" + i) + ": k" + i % 700 + "=v" + i);
      }
      written.add(delete(store, "main", "k1") + ": k1-");
    }
    try (Store store = fixture.standalone(storage)) {
      ChangeReader all = read(store, 0);
      assertEquals(written, drain(all));
      assertEquals(store.log().state().applied(), all.position());
      long from = Long.parseLong(written.get(1500).split(":", -1)[0]);
      assertEquals(written.subList(1501, written.size()), drain(read(store, from)));
      long later = put(store, "main", "k", "v");
      assertEquals(List.of(later + ": k=v"), drain(all));
    }
  }

  /** Guard: the lines in {@code Picked.add} that put off whole batches, and never the only one. */
  @Test
  void keepsBatchesWholeHoweverLargeTheyAre() throws IOException {
    List<Integer> sizes = List.of(1, 600, 500, StoredChanges.RECORDS + 500, 700, 1);
    try (Store store = fixture.standalone(storage)) {
      for (int size : sizes) {
        WriteBatch batch = new WriteBatch();
        for (int i = 0; i < size; i++) {
          batch.put("main", bytes("k" + i), bytes("v"));
        }
        write(store, batch);
      }
    }
    try (Store store = fixture.standalone(storage)) {
      ChangeReader reader = read(store, 0);
      List<Integer> seen = new ArrayList<>();
      for (ChangeSet set = reader.next(); set != null; set = reader.next()) {
        if (!set.changes().isEmpty()) {
          seen.add(set.changes().size());
        }
      }
      assertEquals(sizes, seen);
    }
  }

  /** Guard: {@code changesGoneUpTo} in {@link StoredChanges}. */
  @Test
  void saysWhatACompactionTookAwayAndNoMore() throws IOException {
    List<String> later = new ArrayList<>();
    long overwritten;
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "kept", value(1, 1500));
      overwritten = put(store, "main", "a", value(2, 1500));
      later.add(put(store, "main", "b", "1") + ": b=1");
      later.add(put(store, "main", "a", "2") + ": a=2");
      ChangeReader behind = read(store, 0);
      assertEquals("Compacted", fixture.compact(store, "main", true).reason());
      assertEquals(4, drain(behind).size(), "the window still has all");
    }
    for (int round = 0; round < 2; round++) { // the second time the manifest was rolled
      StoreFixture next = round == 0 ? fixture : fixture.with(new ManifestBound(0, 2));
      try (Store store = next.standalone(storage)) {
        long gone = overwritten;
        ChangeReader early = read(store, gone - 1);
        ChangesGoneException lost = assertThrows(ChangesGoneException.class, early::next);
        assertEquals(gone, lost.goneUpTo());
        assertThrows(ChangesGoneException.class, early::next);
        assertEquals(later, drain(read(store, gone)));
        later.add(put(store, "main", "round" + round, "1") + ": round" + round + "=1");
        assertEquals(later, drain(read(store, gone)));
      }
    }
  }

  /**
   * Guard: each batch is a set, with changes or without; one call goes through no more than one.
   */
  @Test
  void aCallGoesNoFurtherThanTheNextBatch() throws IOException {
    int writes = 50;
    for (int round = 0; round < 2; round++) { // from memory, then from segments
      try (Store store = fixture.standalone(storage)) {
        long from = store.log().state().applied();
        if (round == 0) {
          for (int i = 0; i < writes; i++) {
            put(store, "main", "k" + i, "v");
          }
        } else {
          from = 0;
        }
        ChangeReader reader = store.changes("main", bytes("other"), from);
        int sets = 0;
        for (ChangeSet set = reader.next(); set != null; set = reader.next()) {
          assertEquals(List.of(), set.changes());
          assertEquals(set.sequence(), reader.position());
          sets++;
        }
        assertEquals(writes, sets);
      }
    }
  }

  /** Guard: the selection that ends where a segment has gone. */
  @Test
  void goesOnWhileCompactionsMoveWhatItReads() throws IOException {
    long gone;
    List<String> later = new ArrayList<>();
    try (Store store = fixture.standalone(storage)) {
      put(store, "main", "a", "1");
      gone = put(store, "main", "a", "2");
      put(store, "main", "b", "0");
      for (int i = 0; i < 300; i++) {
        later.add(put(store, "main", "k" + i, value(i, 100)) + ": k" + i + "=" + value(i, 100));
      }
    }
    try (Store store = fixture.standalone(storage)) {
      ChangeReader reader = read(store, gone + 1);
      List<String> seen = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        ChangeSet set = reader.next();
        if (set == null) {
          throw new AssertionError("only " + i);
        }
        ChangeSet.Change change = set.changes().getFirst();
        seen.add(set.sequence() + ": " + text(change.key()) + "=" + value(i, 100));
      }
      put(store, "main", "a", "3"); // so that there is something to gain, all of it old
      assertEquals("Compacted", fixture.compact(store, "main", true).reason());
      seen.addAll(drain(reader).subList(0, 290));
      assertEquals(later, seen);
      assertTrue(reader.position() > gone);
    }
  }

  @Test
  void isTheSameOnAReplica() throws IOException {
    Replica replica = new Replica(fixture);
    put(replica.leader, "main", "kept", value(1, 1500));
    replica.replicate();
    CompletableFuture<Long> overwritten =
        replica.leader.write(new WriteBatch().put("main", bytes("a"), bytes(value(2, 1500))));
    put(replica.leader, "main", "a", "2");
    replica.replicate();
    fixture.compact(replica.leader, "main", true);
    put(replica.leader, "main", "b", "1");
    replica.replicate();
    replica.follower.close();
    replica.leader.close();
    for (SimulatedStorage member : List.of(replica.leaderStorage, replica.storage)) {
      try (Store store = fixture.standalone(member)) {
        ChangesGoneException lost =
            assertThrows(ChangesGoneException.class, () -> read(store, 0).next());
        assertEquals(overwritten.join(), lost.goneUpTo());
        assertEquals(2, drain(read(store, lost.goneUpTo())).size());
      }
    }
  }

  /** Guard: the cut-off in {@code ManifestState.changesGoneUpTo} and in {@link ChangeReader}. */
  @Test
  void doesNotTellWhatARetentionHides() throws IOException {
    StoreFixture keepsTwo =
        new StoreFixture(
            List.of(
                new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES)
                    .withRetention(new RetentionRules(0, 0, 2))));
    long third;
    List<String> kept = new ArrayList<>();
    try (Store store = keepsTwo.standalone(storage)) {
      put(store, "main", "a", "1");
      ChangeReader behind = read(store, 0);
      put(store, "main", "b", "1");
      third = put(store, "main", "c", "1");
      kept.add(third + ": c=1");
      kept.add(put(store, "main", "d", "1") + ": d=1");
      ChangeReader there = read(store, store.log().state().applied());
      store.retain();
      assertEquals(List.of(), drain(there), "what retention did is no change");
      assertEquals(third - 1, assertThrows(ChangesGoneException.class, behind::next).goneUpTo());
      assertEquals(kept, drain(read(store, third - 1)));
    }
    try (Store store = keepsTwo.standalone(storage)) {
      assertThrows(ChangesGoneException.class, () -> read(store, third - 2).next());
      assertEquals(kept, drain(read(store, third - 1)));
    }
  }

  /** Guard: what comes before the first term in {@code ManifestState.changesGoneUpTo}. */
  @Test
  void tellsNothingFromBeforeARepair() throws IOException {
    long last;
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "k" + i, value(i, 200));
      }
      last = store.log().state().applied();
    }
    String damaged =
        storage.list("main").stream()
            .filter(f -> f.endsWith(".log"))
            .sorted()
            .findFirst()
            .orElseThrow();
    try (var file = storage.open("main/" + damaged)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {1, 2, 3, 4})}, 700);
      file.sync();
    }
    Repair.run(storage, 1, (file, done, all) -> {});
    try (Store store = fixture.standalone(storage)) {
      assertThrows(ChangesGoneException.class, () -> read(store, last - 1).next());
      long next = put(store, "main", "new", "1");
      assertEquals(List.of(next + ": new=1"), drain(read(store, next - 1)));
    }
  }

  @Test
  void aSingleFileTellsNothingFromBeforeItsLastSwapOnceItIsOutOfMemory() throws IOException {
    StoreFixture single = StoreFixture.of(Layout.SINGLE_FILE);
    long swapped;
    try (Store store = single.standalone(storage)) {
      put(store, "main", "a", value(1, 2000));
      put(store, "main", "a", "2");
      ChangeReader behind = read(store, 0);
      assertEquals("Compacted", single.compact(store, "main", true).reason());
      swapped = store.log().state().applied();
      assertEquals(2, drain(behind).size());
    }
    try (Store store = single.standalone(storage)) {
      assertEquals(
          swapped,
          assertThrows(ChangesGoneException.class, () -> read(store, swapped - 1).next())
              .goneUpTo());
      long next = put(store, "main", "b", "1");
      assertEquals(List.of(next + ": b=1"), drain(read(store, swapped)));
    }
  }
}
