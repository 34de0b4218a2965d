package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.text;
import static dev.varve.store.StoreFixture.value;
import static dev.varve.store.StoreFixture.write;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.recovery.Repair;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A batch or an append that is sent again with its ids is applied once. */
@ExtendWith(QuietLog.class)
class RequestsTest {
  private static final byte[] CLIENT = bytes("0123456789abcdef");

  private static final LogListener UNCOMMITTING =
      new LogListener() {
        @Override
        public void appended(List<LogEntry> group) {}

        @Override
        public void durable(long sequence) {}

        @Override
        public void failed(Throwable cause) {}
      };

  private final SimulatedStorage storage = new SimulatedStorage();
  private final StoreFixture fixture =
      new StoreFixture(
          List.of(
              new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
              new KeyspaceOptions("objects", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
              new KeyspaceOptions("log", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES)));

  private Store remembering(SimulatedStorage in) throws IOException {
    Store store = fixture.standalone(in);
    store.rememberRequests().join();
    return store;
  }

  private static RequestId request(long id, long after) {
    return new RequestId(CLIENT, id, after);
  }

  private static WriteBatch batch(RequestId request, String key, String value) {
    return new WriteBatch().put("main", bytes(key), bytes(value)).once(request);
  }

  private static long applied(Store store) {
    return store.log().state().applied();
  }

  private static Appended append(Store store, RequestId request, String... payloads)
      throws IOException {
    List<byte[]> all = new ArrayList<>();
    for (String payload : payloads) {
      all.add(bytes(payload));
    }
    return Store.await(store.stream("log").append(all, request));
  }

  private static List<String> entries(Store store) throws IOException {
    List<String> entries = new ArrayList<>();
    try (StreamReader reader = store.stream("log").read(0)) {
      for (StreamEntry e = reader.next(); e != null; e = reader.next()) {
        entries.add(e.id() + "=" + text(e.payload()));
      }
    }
    return entries;
  }

  private void compact(Store store, String keyspace, Strategy strategy, int segmentsMax)
      throws IOException {
    CompactionOptions options =
        new CompactionOptions(keyspace, strategy, 0, 0, 0, segmentsMax, true);
    CompactionEvent end =
        store.compact(
            new CompactionRequest("run-" + applied(store), options, true, 0),
            event -> {},
            CancelToken.unbounded());
    assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end.message());
  }

  /** Seals what is active, and makes all before this point dead. */
  private static void overwrite(Store store, String keyspace) throws IOException {
    for (int i = 0; i < 60; i++) {
      put(store, keyspace, "filler-" + i % 3, value(i, 300));
    }
  }

  @Test
  void aBatchThatIsWrittenAgainIsAppliedOnce() throws IOException {
    try (Store store = remembering(storage)) {
      RequestId request = request(1, applied(store));
      long first = write(store, batch(request, "a", "1"));
      put(store, "main", "a", "2");
      assertEquals(first, write(store, batch(request, "a", "1")));
      assertEquals("2", get(store, "main", "a"));
      long other = write(store, batch(request(2, first), "a", "3"));
      assertTrue(other > first);
      assertEquals("3", get(store, "main", "a"));
    }
  }

  /** The first attempt has changed what the condition asks for. */
  @Test
  void isLookedUpBeforeItsConditions() throws IOException {
    try (Store store = remembering(storage)) {
      WriteBatch onlyIfAbsent =
          new WriteBatch()
              .put("main", bytes("a"), bytes("1"), 0, 0)
              .once(request(7, applied(store)));
      long first = write(store, onlyIfAbsent);
      assertEquals(first, write(store, onlyIfAbsent));
      WriteBatch refused =
          new WriteBatch().put("main", bytes("a"), bytes("2"), 0, 0).once(request(8, first));
      assertThrows(VersionMismatchException.class, () -> write(store, refused));
      write(store, new WriteBatch().delete("main", bytes("a")));
      assertTrue(write(store, refused) > first, "what was refused is not remembered");
    }
  }

  @Test
  void anAppendThatIsSentAgainTellsTheSameIds() throws IOException {
    try (Store store = remembering(storage)) {
      RequestId request = request(1, applied(store));
      Appended first = append(store, request, "a", "b");
      append(store, request(2, 0), "c");
      assertEquals(first, append(store, request, "a", "b"));
      for (int i = 0; i < 20; i++) {
        append(store, request(3 + i, 0), value(i, 300)); // long enough to be read front to back
      }
      assertEquals(first, append(store, request, "a", "b"));
      List<String> entries = entries(store);
      assertEquals(23, entries.size());
      assertEquals(List.of("1=a", "2=b", "3=c"), entries.subList(0, 3));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(1, append(store, request(1, 0), "a", "b").firstId());
      assertEquals(23, entries(store).size());
      assertEquals(24, append(store, request(30, 0), "next").firstId());
    }
  }

  /** The bytes of a client's id may be a user's key as well. */
  @Test
  void aRequestIsNoKey() throws IOException {
    try (Store store = remembering(storage)) {
      write(store, batch(request(1, 0), "a", "1"));
      byte[] same = request(1, 0).key();
      assertNull(store.get("main", same));
      write(store, new WriteBatch().put("main", same, bytes("mine")));
      write(store, batch(request(1, 0), "a", "9"));
      write(store, batch(request(1025, applied(store)), "b", "2"));
      Versioned mine = store.get("main", same);
      assertNotNull(mine);
      assertEquals("mine", text(mine.value()));
      assertEquals(3, contents(store, "main").size());
      assertEquals(3, keyspace(store, "main").liveKeys());
      write(store, new WriteBatch().delete("main", same));
      long again = write(store, batch(request(1025, 1), "b", "9"));
      assertTrue(again < applied(store));
      assertEquals("2", get(store, "main", "b"));
    }
  }

  @Test
  void isNoChangeToAWatcher() throws IOException {
    try (Store store = remembering(storage)) {
      long before = applied(store);
      long sequence = write(store, batch(request(1, 0), "a", "1"));
      try (ChangeReader reader = store.changes("main", new byte[0], before)) {
        ChangeSet set = reader.next();
        while (set != null && set.changes().isEmpty()) {
          set = reader.next();
        }
        assertNotNull(set);
        assertEquals(sequence, set.sequence());
        assertEquals(1, set.changes().size());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"SEGMENTED", "SINGLE_FILE"})
  void isRememberedOverRestartsAndCompactions(Layout layout) throws IOException {
    StoreFixture fixture = StoreFixture.of(layout);
    RequestId request = request(1, 0);
    long first;
    try (Store store = fixture.standalone(storage)) {
      store.rememberRequests().join();
      first = write(store, batch(request, "a", "1"));
      put(store, "main", "a", "2");
      overwrite(store, "main");
      assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
      assertEquals(first, write(store, batch(request, "a", "1")));
      store.checkpoint().join();
    }
    for (int i = 0; i < 2; i++) {
      try (Store store = fixture.standalone(storage)) {
        assertEquals(first, write(store, batch(request, "a", "1")));
        overwrite(store, "main");
        assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(store, "main", true).type());
        assertEquals(first, write(store, batch(request, "a", "1")));
        assertEquals("2", get(store, "main", "a"));
      }
    }
    SimulatedStorage crashed = storage.crash(3);
    try (Store store = fixture.standalone(crashed)) {
      assertEquals(first, write(store, batch(request, "a", "1")));
    }
  }

  @Test
  void isFoundByScanningWhereTheHintIsGone() throws IOException {
    long first;
    try (Store store = remembering(storage)) {
      first = write(store, batch(request(1, 0), "a", "1"));
      overwrite(store, "main");
    }
    for (String name : storage.list("main")) {
      if (name.endsWith(".hint")) {
        storage.delete("main/" + name);
      }
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(first, write(store, batch(request(1, 0), "a", "9")));
    }
  }

  @Test
  void theNextPrimaryRemembersToo() throws IOException {
    Replica pair = new Replica(fixture);
    pair.leader.rememberRequests().join();
    RequestId request = request(1, applied(pair.leader));
    long first = pair.leader.write(batch(request, "a", "1")).join();
    pair.replicate();
    Store next = pair.follower;
    next.log().lead(9, LogListener.commitWhenDurable(next.log())).join();
    assertEquals(first, write(next, batch(request, "a", "9")));
    assertEquals("1", get(next, "main", "a"));
  }

  @Test
  void anImageHasTheRequests() throws IOException {
    Replica pair = new Replica(fixture);
    pair.leader.rememberRequests().join();
    RequestId request = request(1, applied(pair.leader));
    long first = pair.leader.write(batch(request, "a", "1")).join();
    overwrite(pair.leader, "main");
    assertEquals(CompactionEvent.Type.COMPLETED, fixture.compact(pair.leader, "main", true).type());
    pair.follower.close();
    assertTrue(pair.installImage(Integer.MAX_VALUE));
    pair.follower = fixture.open(pair.storage);
    Store next = pair.follower;
    next.log().lead(9, LogListener.commitWhenDurable(next.log())).join();
    assertEquals(first, write(next, batch(request, "a", "9")));
  }

  /** Adoption moves a request's place in a replica's index, by its run list. */
  @Test
  void aReplicaKeepsRequestsThroughCompactions() throws IOException {
    Replica pair = new Replica(fixture);
    pair.leader.rememberRequests().join();
    RequestId request = request(1, applied(pair.leader));
    long first = pair.leader.write(batch(request, "a", "1")).join();
    for (int run = 0; run < 2; run++) {
      overwrite(pair.leader, "main");
      assertEquals(
          CompactionEvent.Type.COMPLETED, fixture.compact(pair.leader, "main", true).type());
      pair.replicate();
    }
    assertEquals(0, pair.follower.log().adoptionBacklog());
    pair.reopenFollower();
    Store next = pair.follower;
    next.log().lead(9, LogListener.commitWhenDurable(next.log())).join();
    assertEquals(first, write(next, batch(request, "a", "9")));
  }

  @Test
  void oneThatIsOnItsWayIsWaitedFor() throws IOException {
    Replica pair = new Replica(fixture);
    pair.leader.rememberRequests().join();
    long before = applied(pair.leader);
    pair.commits = false;
    RequestId request = request(1, before);
    CompletableFuture<Long> first = pair.leader.write(batch(request, "a", "1"));
    CompletableFuture<Long> again = pair.leader.write(batch(request, "a", "1"));
    assertFalse(again.isDone());
    assertEquals(before + 1, pair.leader.log().state().last().sequence());
    pair.leader.log().commit(before + 1);
    assertEquals(first.join(), again.join());
  }

  /** A new primary has it in its log and cannot know yet whether it will be committed. */
  @Test
  void oneOfAnEarlierTermIsWaitedFor() throws IOException {
    Replica pair = new Replica(fixture);
    pair.leader.rememberRequests().join();
    pair.replicate();
    long before = applied(pair.leader);
    pair.commits = false;
    RequestId request = request(1, before);
    CompletableFuture<Long> first = pair.leader.write(batch(request, "a", "1"));
    pair.append(Replica.entriesAfter(pair.leader.log(), before));
    Store next = pair.follower;
    next.log().lead(9, UNCOMMITTING).join();
    CompletableFuture<Long> again = next.write(batch(request, "a", "1"));
    CompletableFuture<Long> thrice = next.write(batch(request, "a", "1"));
    assertFalse(again.isDone());
    next.log().commit(next.log().state().last().sequence());
    assertEquals(before + 1, again.join());
    assertEquals(before + 1, thrice.join());
    assertFalse(first.isDone());
  }

  /** Guard: what is in flight is read anew when a term begins, with nobody waiting for it. */
  @Test
  void oneOfItsOwnEarlierTermIsWaitedFor() throws IOException {
    Replica pair = new Replica(fixture);
    Store leader = pair.leader;
    leader.rememberRequests().join();
    long before = applied(leader);
    pair.commits = false;
    RequestId request = request(1, before);
    CompletableFuture<Long> first = leader.write(batch(request, "a", "1"));
    leader.log().resign().join();
    assertTrue(first.isCompletedExceptionally(), "its outcome is unknown");
    leader.log().lead(9, UNCOMMITTING).join();
    CompletableFuture<Long> again = leader.write(batch(request, "a", "1"));
    assertFalse(again.isDone());
    leader.log().commit(leader.log().state().last().sequence());
    assertEquals(before + 1, again.join());
  }

  /** What was cut was not applied: sent again, it is new. */
  @Test
  void oneThatWasCutIsNew() throws IOException {
    Replica pair = new Replica(fixture);
    pair.leader.rememberRequests().join();
    pair.replicate();
    long before = applied(pair.leader);
    pair.commits = false;
    RequestId request = request(1, before);
    CompletableFuture<Long> first = pair.leader.write(batch(request, "a", "1"));
    pair.append(Replica.entriesAfter(pair.leader.log(), before));
    Store next = pair.follower;
    next.log().cut(before).join();
    next.log().lead(9, LogListener.commitWhenDurable(next.log())).join();
    assertEquals("absent", get(next, "main", "a"));
    long sequence = write(next, batch(request, "a", "1"));
    assertTrue(sequence > before + 1, "after the term's start");
    assertEquals("1", get(next, "main", "a"));
    assertFalse(first.isDone());
  }

  /** A group that could not be written takes its requests with it. */
  @Test
  void oneThatWasTakenBackIsNew() throws IOException {
    try (Store store = remembering(storage)) {
      long before = applied(store);
      storage.failWhen(
          o -> o.kind() == Operation.Kind.WRITE && o.path().startsWith("main/"), Fault.DISK_FULL);
      assertThrows(
          StoreFullException.class, () -> write(store, batch(request(1, before), "a", "1")));
      storage.clearFaults();
      long sequence = write(store, batch(request(1, before), "a", "1"));
      assertEquals(sequence, applied(store));
    }
  }

  @Test
  void theLastOfAClientAreRememberedAndOlderOnesRefused() throws IOException {
    try (Store store = remembering(storage)) {
      long start = applied(store);
      long known = start;
      List<Long> sequences = new ArrayList<>();
      for (int i = 1; i <= 1025; i++) {
        known = write(store, batch(request(i, known), "key-" + i % 5, "v" + i));
        sequences.add(known);
      }
      for (int i = 2; i <= 1025; i++) {
        assertEquals(sequences.get(i - 1), write(store, batch(request(i, start), "x", "x")));
      }
      assertThrows(
          RequestForgottenException.class,
          () -> write(store, batch(request(1, start), "x", "x")),
          "by what the client knew");
      assertThrows(
          RequestForgottenException.class,
          () -> write(store, batch(request(1, 0), "x", "x")),
          "by its lower id");
      assertEquals("absent", get(store, "main", "x"));
      assertEquals(known, applied(store));
      long fresh = write(store, batch(request(1, known), "x", "x"));
      assertEquals(known + 1, fresh, "sent for the first time after all of them");
    }
  }

  @Test
  void theOldAreForgottenAndRefused() throws IOException {
    try (Store store = remembering(storage)) {
      RequestId old = request(1, applied(store));
      long first = write(store, batch(old, "a", "1"));
      long live = keyspace(store, "main").liveBytes();
      fixture.pass(1000);
      store.retain();
      fixture.pass(RequestId.REMEMBERED_MS - 1000);
      overwrite(store, "main");
      compact(store, "main", Strategy.REWRITE, 0);
      assertEquals(first, write(store, batch(old, "a", "9")), "not yet old enough");
      fixture.pass(RequestId.EXPIRES_AFTER_MS);
      long known = applied(store);
      store.retain();
      assertEquals(first, write(store, batch(old, "a", "9")), "nothing is dropped before a run");
      overwrite(store, "main");
      compact(store, "main", Strategy.REWRITE, 0);
      assertThrows(RequestForgottenException.class, () -> write(store, batch(old, "a", "9")));
      assertTrue(write(store, batch(request(2, known), "a", "2")) > known);
      assertTrue(live > 0);
    }
    try (Store store = fixture.standalone(storage)) {
      assertThrows(
          RequestForgottenException.class, () -> write(store, batch(request(1, 5), "a", "9")));
    }
  }

  /** Nothing is proposed for requests where there is nothing to forget. */
  @Test
  void anIdleStoreWritesNothing() throws IOException {
    try (Store store = remembering(storage)) {
      write(store, batch(request(1, 0), "a", "1"));
      for (int i = 0; i < 5; i++) {
        fixture.pass(RequestId.EXPIRES_AFTER_MS);
        store.retain();
      }
      long sequence = applied(store);
      for (int i = 0; i < 5; i++) {
        fixture.pass(RequestId.EXPIRES_AFTER_MS);
        store.retain();
      }
      assertEquals(sequence, applied(store));
    }
  }

  @Test
  void shiftForgetsWhatItDrops() throws IOException {
    try (Store store = remembering(storage)) {
      RequestId request = request(1, applied(store));
      write(store, batch(request, "a", "1"));
      for (int i = 0; i < 60; i++) {
        put(store, "main", "key-" + i, value(i, 300));
      }
      compact(store, "main", Strategy.SHIFT, 2);
      assertEquals("absent", get(store, "main", "a"));
      assertThrows(RequestForgottenException.class, () -> write(store, batch(request, "a", "1")));
    }
  }

  @Test
  void aTrimForgetsTheRequestsOfWhatItHides() throws IOException {
    try (Store store = remembering(storage)) {
      RequestId request = request(1, applied(store));
      append(store, request, "a");
      Appended second = append(store, request(2, applied(store)), "b");
      store.stream("log").trim(new TrimBound.MinId(2), false);
      assertThrows(RequestForgottenException.class, () -> append(store, request, "a"));
      assertEquals(second, append(store, request(2, 1), "b"));
      assertEquals(List.of("2=b"), entries(store));
    }
  }

  @Test
  void beforeRequestsAreRememberedIdsArePassedOver() throws IOException {
    long last;
    try (Store store = fixture.standalone(storage)) {
      RequestId request = request(1, applied(store));
      long first = write(store, batch(request, "a", "1"));
      long again = write(store, batch(request, "a", "1"));
      assertEquals(first + 1, again);
      assertFalse(store.remembersRequests());
      store.rememberRequests().join();
      assertTrue(store.remembersRequests());
      assertThrows(RequestForgottenException.class, () -> write(store, batch(request, "a", "1")));
      last = applied(store);
      store.rememberRequests().join();
      assertEquals(last, applied(store), "once is enough");
    }
    try (Store store = fixture.standalone(storage)) {
      assertTrue(store.remembersRequests());
    }
  }

  /** Nobody knows what was lost with a damaged segment. */
  @Test
  void aRepairForgetsAllRequests() throws IOException {
    RequestId request;
    try (Store store = remembering(storage)) {
      request = request(1, applied(store));
      write(store, batch(request, "a", "1"));
      overwrite(store, "main");
    }
    String segment =
        storage.list("main").stream().filter(n -> n.endsWith(".log")).sorted().findFirst().get();
    storage.flipBit("main/" + segment, 45 * 8);
    assertTrue(Repair.run(storage, 1, (file, bytes, all) -> {}).lostData());
    try (Store store = fixture.standalone(storage)) {
      assertThrows(RequestForgottenException.class, () -> write(store, batch(request, "b", "1")));
      assertTrue(write(store, batch(request(2, applied(store)), "b", "1")) > 0);
    }
  }

  @Test
  void aBatchOverKeyspacesIsFoundByItsFirst() throws IOException {
    try (Store store = remembering(storage)) {
      RequestId request = request(1, applied(store));
      WriteBatch both =
          new WriteBatch()
              .put("objects", bytes("a"), bytes("1"))
              .put("main", bytes("b"), bytes("2"))
              .put("objects", bytes("c"), bytes("3"))
              .once(request);
      long first = write(store, both);
      assertEquals(first, write(store, both));
    }
    try (Store store = fixture.standalone(storage.crash(1))) {
      assertEquals(3, contents(store, "main").size() + contents(store, "objects").size());
    }
  }
}
