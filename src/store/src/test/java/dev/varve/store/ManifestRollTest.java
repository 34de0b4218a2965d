package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.MemoryStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A long manifest gives way to a short one that says the same (pitfalls 5, 9, 10). */
@ExtendWith(QuietLog.class)
class ManifestRollTest {
  private static final String TEMPORARY = ManifestState.PATH + ".tmp";
  private static final ManifestBound SHORT = new ManifestBound(1500, 2);

  private final StoreFixture fixture = new StoreFixture();
  private final StoreFixture rolling = fixture.with(SHORT);

  /** Writes that roll segments, with a compaction and a checkpoint now and then. */
  private void work(Store store, int from, int to) throws IOException {
    for (int i = from; i < to; i++) {
      put(store, "main", "key-" + i % 20, value(i, 300));
      if (i % 7 == 0) {
        delete(store, "objects", "key-" + (i + 5) % 9);
        put(store, "objects", "key-" + i % 9, value(i, 700));
      }
      if (i % 20 == 19) {
        CompactionEvent end = fixture.compact(store, "main", i % 40 == 19);
        assertTrue(end.type() != CompactionEvent.Type.FAILED, end::toString);
      }
      if (i % 15 == 14) {
        store.checkpoint().join();
      }
    }
  }

  @Test
  void keepsTheManifestShort() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    SimulatedStorage unrolled = new SimulatedStorage();
    Map<String, String> expected;
    long longest = 0;
    try (Store store = rolling.standalone(storage)) {
      for (int i = 0; i < 600; i += 10) {
        work(store, i, i + 10);
        longest = Math.max(longest, store.status().manifestBytes());
      }
      assertTrue(store.status().manifestRolls() > 10, store.status()::toString);
      expected = contents(store);
    }
    try (Store store = fixture.standalone(unrolled)) {
      work(store, 0, 600);
      assertEquals(0, store.status().manifestRolls());
      assertEquals(expected, contents(store));
    }
    long all = unrolled.contents(ManifestState.PATH).length;
    assertTrue(longest < 6000 && longest < all / 4, longest + " bytes instead of " + all);
    assertTrue(RecoveryFixture.verify(storage).clean());
    try (Store store = rolling.standalone(storage)) {
      assertEquals(expected, contents(store));
      work(store, 600, 620);
    }
    assertFalse(storage.exists(TEMPORARY));
  }

  @Test
  void rollsBeyondBothBoundsOnly() throws IOException {
    for (ManifestBound wide : List.of(new ManifestBound(1 << 20, 2), new ManifestBound(0, 1000))) {
      try (Store store = fixture.with(wide).standalone(new SimulatedStorage())) {
        work(store, 0, 300);
        assertEquals(0, store.status().manifestRolls());
      }
    }
  }

  /** What a run wrote, up to where the storage failed it. */
  private static final class Written {
    Map<String, String> acknowledged = new TreeMap<>();
    Map<String, String> maybe = new TreeMap<>();
    boolean poisoned;
    long rolls;
  }

  private Written write(SimulatedStorage storage, int writes) throws IOException {
    Written written = new Written();
    Store store = rolling.standalone(storage);
    for (int i = 0; i < writes; i++) {
      written.maybe = new TreeMap<>(written.acknowledged);
      written.maybe.put("main/key-" + i % 20, value(i, 300));
      try {
        put(store, "main", "key-" + i % 20, value(i, 300));
      } catch (IOException e) {
        written.poisoned = store.log().state().poisoned();
        break;
      }
      written.acknowledged = written.maybe;
    }
    written.rolls = store.status().manifestRolls();
    return written;
  }

  /** The calls of the first roll, and some before and after it. */
  private List<Operation> firstRoll() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    List<Operation> all = new ArrayList<>();
    storage.failWhen(
        op -> {
          all.add(op);
          return false;
        },
        Fault.IO_ERROR);
    assertTrue(write(storage, 120).rolls > 0);
    int first = 0;
    while (all.get(first).kind() != Operation.Kind.CREATE
        || !all.get(first).path().equals(TEMPORARY)) {
      first++;
    }
    int last = first;
    while (all.get(last).kind() != Operation.Kind.SYNC_DIRECTORY) {
      last++;
    }
    assertEquals(ManifestState.DIRECTORY, all.get(last).path());
    return all.subList(first - 3, last + 8);
  }

  private void requireAll(SimulatedStorage storage, Written written, String when)
      throws IOException {
    Map<String, String> after;
    try (Store store = rolling.standalone(storage)) {
      Map<String, String> found = contents(store);
      assertTrue(
          found.equals(written.acknowledged) || found.equals(written.maybe),
          () -> when + ": " + found);
      assertFalse(storage.exists(TEMPORARY), when);
      work(store, 0, 60);
      after = contents(store);
    }
    assertTrue(RecoveryFixture.verify(storage).clean(), when);
    try (Store store = fixture.standalone(storage)) {
      assertEquals(after, contents(store), when);
    }
  }

  /**
   * Guards: the syncs in {@link ManifestRoll}, of the file before the rename and of the directory
   * after it.
   */
  @Test
  void losesNothingWhenThePowerGoesAtAnyCallOfARoll() throws IOException {
    List<Operation> calls = firstRoll();
    assertTrue(calls.size() > 15, calls::toString);
    for (Operation call : calls) {
      for (int seed = 0; seed < 8; seed++) {
        SimulatedStorage storage = new SimulatedStorage();
        storage.failOperation(call.number(), Fault.POWER_OFF);
        Written written = write(storage, 120);
        requireAll(storage.crash(seed), written, "power off at " + call + ", seed " + seed);
      }
    }
  }

  /** The same with what is written after the roll, before the machine stops. */
  @Test
  void losesNothingWhenThePowerGoesSomeTimeAfterARoll() throws IOException {
    long last = firstRoll().getLast().number();
    for (int later = 0; later < 25; later++) {
      for (int seed = 0; seed < 4; seed++) {
        SimulatedStorage storage = new SimulatedStorage();
        storage.failOperation(last + 3L * later, Fault.POWER_OFF);
        Written written = write(storage, 120);
        requireAll(storage.crash(seed), written, later + " later, seed " + seed);
      }
    }
  }

  /** Guard: {@code nameInDoubt} in Recovery, for the sync of the directory. */
  @Test
  void goesOnOrStopsForGoodWhenACallOfARollFails() throws IOException {
    for (Operation call : firstRoll()) {
      for (Fault fault : List.of(Fault.IO_ERROR, Fault.DISK_FULL, Fault.FAILED_SYNC)) {
        SimulatedStorage storage = new SimulatedStorage();
        storage.failOperation(call.number(), fault);
        Written written = write(storage, 200);
        String when = fault + " at " + call;
        boolean temporary = call.path().equals(TEMPORARY) && call.kind() != Operation.Kind.RENAME;
        if (temporary) {
          assertFalse(written.poisoned, when);
          assertTrue(written.rolls > 0, when);
        }
        SimulatedStorage killed = storage.kill();
        Written more;
        try (Store store = rolling.standalone(killed)) {
          more = new Written();
          put(store, "main", "after", "1");
          more.acknowledged = contents(store);
          more.maybe = more.acknowledged;
        }
        Map<String, String> before = new TreeMap<>(more.acknowledged);
        before.remove("main/after");
        assertTrue(
            before.equals(written.acknowledged) || before.equals(written.maybe),
            () -> when + ": " + before);
        requireAll(killed.crash(7), more, when);
      }
    }
  }

  @Test
  void aStoreInMemoryRollsToo() throws IOException {
    StoreFixture inMemory = fixture.with(Layout.MEMORY).with(SHORT);
    try (MemoryStorage storage = new MemoryStorage(1 << 20);
        Store store = inMemory.standalone(storage)) {
      Map<String, String> expected = new TreeMap<>();
      for (int i = 0; i < 2000; i++) {
        put(store, "main", "key-" + i % 50, value(i, 300));
        expected.put("main/key-" + i % 50, value(i, 300));
      }
      assertTrue(store.status().manifestRolls() > 10);
      assertTrue(store.status().manifestBytes() < 8000, store.status()::toString);
      assertEquals(expected, contents(store));
    }
  }

  @Test
  void aStoreOfSingleFilesRollsToo() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    StoreFixture single = fixture.with(Layout.SINGLE_FILE).with(SHORT);
    Map<String, String> expected;
    try (Store store = single.standalone(storage)) {
      for (int i = 0; i < 60; i++) {
        put(store, "main", "key-" + i % 5, value(i, 300));
        if (i % 6 == 5) {
          assertEquals(CompactionEvent.Type.COMPLETED, single.compact(store, "main", false).type());
          store.checkpoint().join();
        }
      }
      assertTrue(store.status().manifestRolls() > 0);
      expected = contents(store);
    }
    assertTrue(RecoveryFixture.verify(storage).clean());
    try (Store store = single.standalone(storage)) {
      assertEquals(expected, contents(store));
    }
  }

  /** Guard: the readers in {@link ManifestFile#replace}, and in {@link ManifestRoll#isDue}. */
  @Test
  void anImageKeepsTheManifestThatItNames() throws IOException {
    Replica pair = new Replica(rolling);
    work(pair.leader, 0, 60);
    pair.replicate();
    long rolls = pair.leader.status().manifestRolls();
    Map<String, String> then = contents(pair.leader);
    try (StoreImage image = pair.leader.log().image()) {
      ImageFile manifest = image.files().getFirst();
      assertEquals(ManifestState.PATH, manifest.path());
      ByteBuffer before = ByteBuffer.allocate((int) manifest.length());
      pair.leader.log().read(ManifestState.PATH, 0, before);
      work(pair.leader, 60, 200);
      assertEquals(rolls, pair.leader.status().manifestRolls());
      ByteBuffer after = ByteBuffer.allocate((int) manifest.length());
      pair.leader.log().read(ManifestState.PATH, 0, after);
      assertArrayEquals(before.array(), after.array());
    }
    work(pair.leader, 200, 260);
    assertTrue(pair.leader.status().manifestRolls() > rolls);
    pair.follower.close();
    pair.storage = new SimulatedStorage();
    assertTrue(pair.installImage(Integer.MAX_VALUE));
    pair.follower = fixture.open(pair.storage);
    work(pair.leader, 260, 300);
    pair.replicate();
    assertFalse(then.isEmpty());
    assertEquals(contents(pair.leader), contents(pair.follower));
    assertEquals(0, pair.follower.status().manifestRolls());
  }

  /** Edits have the same offsets in the log wherever the members' files begin. */
  @Test
  void membersRollWithoutEachOther() throws IOException {
    Replica pair = new Replica(rolling);
    pair.follower.close();
    pair.follower = fixture.open(pair.storage);
    work(pair.leader, 0, 100);
    pair.replicate();
    assertTrue(pair.leader.status().manifestRolls() > 0);
    assertEquals(0, pair.follower.status().manifestRolls());
    assertEquals(contents(pair.leader), contents(pair.follower));
    pair.reopenFollower();
    work(pair.leader, 100, 200);
    pair.replicate();
    assertTrue(pair.follower.status().manifestRolls() > 0);
    assertEquals(contents(pair.leader), contents(pair.follower));
    pair.crashFollower(3);
    work(pair.leader, 200, 230);
    pair.replicate();
    assertEquals(contents(pair.leader), contents(pair.follower));
    // The follower leads, and the log goes on from its own file.
    long term = pair.follower.log().state().last().term() + 1;
    pair.leader.log().resign().join();
    LogState led = pair.follower.log().lead(term, new Committing(pair)).join();
    pair.leader
        .log()
        .append(Replica.entriesAfter(pair.follower.log(), led.last().sequence() - 1))
        .join();
    assertEquals(led.last(), pair.leader.log().state().last());
  }

  private record Committing(Replica pair) implements LogListener {
    @Override
    public void appended(List<LogEntry> group) {}

    @Override
    public void durable(long sequence) {
      pair.follower.log().commit(sequence);
    }

    @Override
    public void failed(Throwable cause) {}
  }

  @Test
  void whatIsNotCommittedStaysAndCanBeCutAfterARoll() throws IOException {
    Replica pair = new Replica(rolling);
    pair.follower.close();
    pair.follower = fixture.open(pair.storage);
    work(pair.leader, 0, 40);
    pair.replicate();
    long kept = pair.follower.log().state().last().sequence();
    Map<String, String> committed = contents(pair.follower);
    pair.reopenFollower();
    pair.commits = false;
    for (int i = 0; i < 60; i++) {
      CompletableFuture<Long> write =
          pair.leader.write(
              new WriteBatch().put("main", bytes("key-" + i % 20), bytes(value(-i, 300))));
      assertFalse(write.isDone());
    }
    pair.append(Replica.entriesAfter(pair.leader.log(), kept));
    long rolls = pair.follower.status().manifestRolls();
    assertTrue(rolls > 0 && rolls < 4, "rolls with a tail that can't be folded: " + rolls);
    SimulatedStorage running = pair.storage.killClone();
    try (Store opened = fixture.open(running)) {
      assertEquals(pair.follower.log().state().last(), opened.log().state().last());
      assertEquals(committed, contents(opened));
      opened.log().cut(kept).join();
    }
    pair.follower.log().cut(kept).join();
    assertEquals(committed, contents(pair.follower));
    pair.crashFollower(5);
    assertEquals(kept, pair.follower.log().state().last().sequence());
    assertEquals(committed, contents(pair.follower));
    pair.commits = true;
    pair.leader.log().commit(pair.leader.log().state().last().sequence());
    pair.replicate();
    assertEquals(contents(pair.leader), contents(pair.follower));
  }

  /** Guard: the sequence of the first one not adopted in {@link ManifestRoll#begin}. */
  @Test
  void aCompactionThatIsNotAdoptedHereIsAdoptedAfterTheRoll() throws IOException {
    Replica pair = new Replica(rolling);
    work(pair.leader, 0, 30);
    pair.replicate();
    pair.storage.failWhen(
        op -> op.kind() == Operation.Kind.CREATE && op.path().matches("main/.*[.]log[.]tmp"),
        Fault.IO_ERROR);
    assertEquals(
        CompactionEvent.Type.COMPLETED, fixture.compact(pair.leader, "main", false).type());
    long rolls = pair.follower.status().manifestRolls();
    for (int i = 0; i < 20; i++) {
      pair.leader.checkpoint().join();
      pair.replicate();
    }
    assertTrue(pair.follower.status().manifestRolls() > rolls);
    assertEquals(1, pair.follower.log().adoptionBacklog());
    pair.storage.clearFaults();
    SimulatedStorage left = pair.storage.killClone();
    assertTrue(RecoveryFixture.verify(left).clean());
    try (Store opened = rolling.open(left)) {
      assertEquals(0, opened.log().adoptionBacklog());
      assertEquals(contents(pair.leader), contents(opened));
    }
  }
}
