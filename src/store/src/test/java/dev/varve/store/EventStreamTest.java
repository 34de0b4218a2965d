package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.text;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.retention.RetentionRules;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(QuietLog.class)
class EventStreamTest {
  private final SimulatedStorage storage = new SimulatedStorage();
  private final StoreFixture fixture = fixture(RetentionRules.NONE);

  private static StoreFixture fixture(RetentionRules rules) {
    return new StoreFixture(
        List.of(
            new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
            new KeyspaceOptions("log", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES)
                .withRetention(rules)));
  }

  private static Appended append(Store store, String... payloads) throws IOException {
    List<byte[]> all = new ArrayList<>();
    for (String payload : payloads) {
      all.add(bytes(payload));
    }
    return Store.await(store.stream("log").append(all));
  }

  /** Appends {@code payload-N} for each id. */
  private static void fill(Store store, int entries) throws IOException {
    for (int i = 0; i < entries; i++) {
      append(store, payload(store.stream("log").lastId() + 1));
    }
  }

  private static String payload(long id) {
    return value((int) id, 200);
  }

  private static List<Long> ids(Store store, long from) throws IOException {
    List<Long> ids = new ArrayList<>();
    try (StreamReader reader = store.stream("log").read(from)) {
      for (StreamEntry e = reader.next(); e != null; e = reader.next()) {
        assertEquals(payload(e.id()), text(e.payload()));
        ids.add(e.id());
      }
    }
    return ids;
  }

  private static List<Long> range(long from, long to) {
    return LongStream.rangeClosed(from, to).boxed().toList();
  }

  private static TrimResult trim(Store store, TrimBound bound) throws IOException {
    return store.stream("log").trim(bound, false);
  }

  @Test
  void idsBeginWithOneAndGoOnByOne() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      assertEquals(new Appended(1, 3, 5), withSequence(append(store, "a", "b", "c"), 5));
      Appended next = append(store, "d");
      assertEquals(4, next.firstId());
      assertEquals(4, next.lastId());
      try (StreamReader reader = store.stream("log").read(2)) {
        StreamEntry entry = reader.next();
        assertTrue(entry != null);
        assertEquals(2, entry.id());
        assertEquals("b", text(entry.payload()));
        assertEquals(fixture.nowMs.get(), entry.timeMs());
      }
    }
  }

  private static Appended withSequence(Appended appended, long sequence) {
    return new Appended(appended.firstId(), appended.lastId(), sequence);
  }

  @Test
  void idsOfAppendsUnderWayFollowEachOther() throws IOException {
    Replica replica = new Replica(fixture);
    replica.commits = false;
    EventStream stream = replica.leader.stream("log");
    CompletableFuture<Appended> first = stream.append(List.of(bytes("a"), bytes("b")));
    CompletableFuture<Appended> second = stream.append(List.of(bytes("c")));
    assertFalse(first.isDone());
    try (StreamReader reader = stream.read(0)) {
      assertNull(reader.next(), "nothing uncommitted is read");
    }
    replica.leader.log().commit(replica.leader.log().state().last().sequence());
    assertEquals(1, first.join().firstId());
    assertEquals(3, second.join().firstId());
  }

  /** Guard: an undone group gives its ids back. */
  @Test
  void aRefusedAppendLeavesNoGap() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      append(store, payload(1));
      storage.failWhen(
          op -> op.kind() == Operation.Kind.WRITE && op.path().startsWith("log/"), Fault.DISK_FULL);
      assertThrows(StoreFullException.class, () -> append(store, "lost"));
      storage.clearFaults();
      assertEquals(2, append(store, payload(2)).firstId());
      assertEquals(range(1, 2), ids(store, 0));
    }
  }

  @Test
  void readsThroughSegmentsFromAnyId() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 300);
      assertTrue(keyspace(store, "log").segments().size() > 10);
      assertEquals(range(1, 300), ids(store, 0));
      for (long from : new long[] {1, 2, 17, 150, 299, 300}) {
        assertEquals(range(from, 300), ids(store, from));
      }
      assertEquals(List.of(), ids(store, 301));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(range(1, 300), ids(store, 0));
    }
  }

  /** Guard: without the scanner each entry would be a look-up and a read of its own. */
  @Test
  void readsEntriesInARowWithFewReads() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 300);
      long before = storage.operations();
      assertEquals(range(1, 300), ids(store, 1));
      long reads = storage.operations() - before;
      assertTrue(reads < 120, () -> reads + " reads of 300 entries");
    }
  }

  @Test
  void aReaderIsToldOfWhatIsCommittedWhileItWaits() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 2);
      try (StreamReader reader = store.stream("log").read(0)) {
        assertTrue(reader.whenMore().isDone(), "there is something now");
        reader.next();
        reader.next();
        assertNull(reader.next());
        CompletableFuture<Void> more = reader.whenMore();
        assertFalse(more.isDone());
        put(store, "main", "k", "1");
        assertFalse(more.isDone(), "another keyspace");
        fill(store, 1);
        assertTrue(more.isDone() && !more.isCompletedExceptionally());
        StreamEntry entry = reader.next();
        assertEquals(3, entry == null ? 0 : entry.id());
      }
    }
  }

  @Test
  void aWaitingReaderEndsWithTheStore() throws IOException {
    Store store = fixture.standalone(storage);
    StreamReader reader = store.stream("log").read(0);
    CompletableFuture<Void> more = reader.whenMore();
    store.close();
    CompletionException failure = assertThrows(CompletionException.class, more::join);
    assertTrue(failure.getCause() instanceof StoreClosedException);
    CompletableFuture<Void> late = reader.whenMore();
    assertTrue(late.isCompletedExceptionally());
  }

  @Test
  void trimsToExactBounds() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 100);
      long record = 40 + 8 + 8 + 200;
      assertEquals(new TrimResult(30, 31, 30 * record), trim(store, new TrimBound.MaxLength(70)));
      assertEquals(range(31, 100), ids(store, 0));
      assertEquals(range(31, 100), ids(store, 7), "a trimmed id means the first that is there");
      assertEquals(new TrimResult(0, 31, 0), trim(store, new TrimBound.MaxLength(70)));
      assertEquals(new TrimResult(0, 31, 0), trim(store, new TrimBound.MinId(12)));
      assertEquals(new TrimResult(19, 50, 19 * record), trim(store, new TrimBound.MinId(50)));
      assertEquals(51, keyspace(store, "log").liveKeys());
      assertEquals(new TrimResult(51, 101, 51 * record), trim(store, new TrimBound.MinId(5000)));
      assertEquals(List.of(), ids(store, 0));
      assertEquals(101, append(store, payload(101)).firstId());
    }
  }

  @Test
  void trimsThroughABatchToTheExactId() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      append(store, payload(1), payload(2), payload(3), payload(4));
      append(store, payload(5));
      trim(store, new TrimBound.MinId(3));
      assertEquals(range(3, 5), ids(store, 0));
      fixture.compact(store, "log", true);
      assertEquals(range(3, 5), ids(store, 0));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(range(3, 5), ids(store, 0));
      assertEquals(3, keyspace(store, "log").liveKeys());
    }
  }

  @Test
  void trimsByAge() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 10; i++) {
        fill(store, 1);
        fixture.pass(1000);
      }
      // The last entry is 1 s old, the first 10 s.
      assertEquals(7, trim(store, new TrimBound.MaxAge(4000)).firstId());
      assertEquals(range(7, 10), ids(store, 0));
    }
  }

  @Test
  void aClockThatIsSetBackMakesNoEntryOlderThanTheOneBefore() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 1);
      long firstMs = fixture.nowMs.get();
      fixture.nowMs.addAndGet(-500_000);
      fill(store, 1);
      try (StreamReader reader = store.stream("log").read(2)) {
        StreamEntry second = reader.next();
        assertEquals(firstMs, second == null ? 0 : second.timeMs());
      }
    }
    try (Store store = fixture.standalone(storage)) {
      fill(store, 1);
      try (StreamReader reader = store.stream("log").read(3)) {
        StreamEntry third = reader.next();
        assertTrue(third != null && third.timeMs() > fixture.nowMs.get(), "after a restart too");
      }
    }
  }

  @Test
  void aJumpOfTheClockTrimsNothingByAge() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 5);
      trim(store, new TrimBound.MaxAge(1000));
      fixture.nowMs.addAndGet(1_000_000_000);
      assertEquals(0, trim(store, new TrimBound.MaxAge(10_000)).removed());
      assertEquals(range(1, 5), ids(store, 0));
    }
  }

  /** Bounds that all mean that the last 50 of 100 entries stay, one appended each second. */
  static List<TrimBound> halves() {
    return List.of(
        new TrimBound.MaxLength(50), new TrimBound.MinId(51), new TrimBound.MaxAge(50_500));
  }

  /** Guard: {@code StreamTrim.wholeSegments}. */
  @ParameterizedTest
  @MethodSource("halves")
  void anApproximateTrimKeepsAtLeastAsManyAndCopiesNothing(TrimBound bound) throws IOException {
    try (Store store = fixture.standalone(storage)) {
      for (int i = 0; i < 100; i++) {
        fill(store, 1);
        fixture.pass(1000);
      }
      TrimResult trimmed = store.stream("log").trim(bound, true);
      assertTrue(trimmed.firstId() > 30 && trimmed.firstId() <= 51, trimmed::toString);
      assertEquals(range(trimmed.firstId(), 100), ids(store, 0));
      for (KeyspaceStatus.SegmentStatus segment : keyspace(store, "log").segments()) {
        assertTrue(
            segment.liveBytes() == 0 || segment.liveBytes() == segment.totalBytes(),
            segment::toString);
      }
      CompactionEvent end = fixture.compact(store, "log", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end::toString);
      assertEquals(end.recordsScanned(), end.recordsDropped(), "nothing was copied");
      assertEquals(trimmed.bytesReclaimed(), end.spaceSaved());
      assertEquals(range(trimmed.firstId(), 100), ids(store, 0));
    }
  }

  @Test
  void compactionRewritesTheBoundaryOfAnExactTrim() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 100);
      trim(store, new TrimBound.MaxLength(50));
      CompactionEvent end = fixture.compact(store, "log", true);
      assertEquals(CompactionEvent.Type.COMPLETED, end.type(), end::toString);
      KeyspaceStatus status = keyspace(store, "log");
      assertEquals(status.liveBytes(), status.totalBytes());
      assertEquals(range(51, 100), ids(store, 0));
    }
    try (Store store = fixture.standalone(storage)) {
      assertEquals(range(51, 100), ids(store, 0));
    }
  }

  @Test
  void readersGoOnWhileWhatTheyReadIsTrimmedAndCompacted() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 200);
      try (StreamReader reader = store.stream("log").read(0)) {
        for (int i = 1; i <= 20; i++) {
          StreamEntry entry = reader.next();
          assertEquals(i, entry == null ? 0 : entry.id());
        }
        trim(store, new TrimBound.MinId(15));
        fixture.compact(store, "log", true);
        StreamEntry entry = reader.next();
        assertEquals(21, entry == null ? 0 : entry.id());
        trim(store, new TrimBound.MinId(120));
        fixture.compact(store, "log", true);
        entry = reader.next();
        assertEquals(120, entry == null ? 0 : entry.id());
      }
    }
  }

  @Test
  void idsAreNeverGivenTwice() throws IOException {
    for (boolean compacted : new boolean[] {false, true}) {
      SimulatedStorage fresh = new SimulatedStorage();
      try (Store store = fixture.standalone(fresh)) {
        fill(store, 30);
        trim(store, new TrimBound.MaxLength(0));
        if (compacted) {
          fixture.compact(store, "log", true);
          assertEquals(0, keyspace(store, "log").totalBytes());
        }
      }
      try (Store store = fixture.standalone(fresh)) {
        assertEquals(30, store.stream("log").lastId());
        assertEquals(31, append(store, payload(31)).firstId());
      }
    }
  }

  @Test
  void eachTypeRefusesTheOthersOperations() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      List<InvalidWriteException> refusals =
          List.of(
              assertThrows(InvalidWriteException.class, () -> put(store, "log", "k", "1")),
              assertThrows(InvalidWriteException.class, () -> store.get("log", bytes("k"))),
              assertThrows(
                  InvalidWriteException.class, () -> store.scan("log", new byte[0], false)),
              assertThrows(InvalidWriteException.class, () -> store.stream("main")));
      for (InvalidWriteException refusal : refusals) {
        assertEquals(InvalidWriteException.Reason.WRONG_KEYSPACE_TYPE, refusal.reason());
        String message = String.valueOf(refusal.getMessage());
        assertTrue(message.contains("log") || message.contains("main"), message);
      }
      InvalidWriteException unknown =
          assertThrows(InvalidWriteException.class, () -> store.stream("nothing"));
      assertEquals(InvalidWriteException.Reason.UNKNOWN_KEYSPACE, unknown.reason());
    }
  }

  @Test
  void shiftDropsNothingOfAStream() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      fill(store, 100);
      CompactionOptions base = CompactionOptions.defaults("log").forced();
      CompactionOptions shift =
          new CompactionOptions(
              base.keyspace(),
              Strategy.SHIFT,
              base.minDeadRatio(),
              base.minBytes(),
              base.minSpaceSaving(),
              2,
              true);
      InvalidWriteException refusal =
          assertThrows(InvalidWriteException.class, () -> store.plan(shift));
      assertEquals(InvalidWriteException.Reason.WRONG_KEYSPACE_TYPE, refusal.reason());
      assertThrows(
          InvalidWriteException.class,
          () ->
              store.compact(
                  new CompactionRequest("shift", shift, false, 0),
                  event -> {},
                  CancelToken.unbounded()));
      assertEquals(range(1, 100), ids(store, 0));
    }
  }

  @Test
  void retentionOfAStreamIsExact() throws IOException {
    StoreFixture limited = fixture(new RetentionRules(4000, 0, 7));
    try (Store store = limited.standalone(storage)) {
      for (int i = 0; i < 10; i++) {
        append(store, payload(i + 1));
        limited.pass(100);
      }
      assertEquals(RetentionDecision.MAX_RECORDS, store.retain().getFirst().reason());
      assertEquals(range(4, 10), ids(store, 0));
      limited.pass(3500);
      assertEquals(RetentionDecision.MAX_AGE, store.retain().getFirst().reason());
      assertEquals(range(6, 10), ids(store, 0));
    }
  }

  @Test
  void aReplicaFollowsAndCountsOnAfterAFailover() throws IOException {
    Replica replica = new Replica(fixture);
    fill(replica.leader, 50);
    trim(replica.leader, new TrimBound.MaxLength(10));
    replica.replicate();
    assertEquals(ids(replica.leader, 0), ids(replica.follower, 0));
    assertThrows(
        NotLeaderException.class, () -> trim(replica.follower, new TrimBound.MaxLength(1)));
    // One entry is on both, but not known there to be committed.
    fill(replica.leader, 1);
    long committed = replica.follower.log().state().committed();
    List<LogEntry> left = Replica.entriesAfter(replica.leader.log(), committed);
    replica.append(left);
    fixture.nowMs.addAndGet(-1000);
    ShardLog log = replica.follower.log();
    log.lead(log.state().last().term() + 1, LogListener.commitWhenDurable(log)).join();
    assertEquals(52, append(replica.follower, payload(52)).firstId());
    assertEquals(range(41, 52), ids(replica.follower, 0));
    long before = 0;
    try (StreamReader reader = replica.follower.stream("log").read(51)) {
      for (StreamEntry e = reader.next(); e != null; e = reader.next()) {
        assertTrue(e.timeMs() >= before, "times do not go back");
        before = e.timeMs();
      }
    }
  }

  @Test
  void aCutTailGivesItsIdsBack() throws IOException {
    Replica replica = new Replica(fixture);
    fill(replica.leader, 3);
    replica.replicate();
    replica.commits = false;
    CompletableFuture<Appended> lost = replica.leader.stream("log").append(List.of(bytes("x")));
    replica.append(
        Replica.entriesAfter(
            replica.leader.log(), replica.follower.log().state().last().sequence()));
    assertFalse(lost.isDone());
    ShardLog log = replica.follower.log();
    log.cut(log.state().committed()).join();
    log.lead(log.state().last().term() + 1, LogListener.commitWhenDurable(log)).join();
    assertEquals(4, append(replica.follower, payload(4)).firstId());
  }

  @Test
  void limitsNameTheField() throws IOException {
    try (Store store = fixture.standalone(storage)) {
      InvalidWriteException none =
          assertThrows(InvalidWriteException.class, () -> append(store, new String[0]));
      assertEquals("payloads", none.field());
      byte[] large = new byte[(16 << 20) - 7];
      InvalidWriteException tooLarge =
          assertThrows(
              InvalidWriteException.class,
              () -> Store.await(store.stream("log").append(List.of(bytes("a"), large))));
      assertEquals("payloads[1]", tooLarge.field());
      List<byte[]> many = IntStream.range(0, 10_001).mapToObj(i -> bytes("a")).toList();
      InvalidWriteException tooMany =
          assertThrows(
              InvalidWriteException.class, () -> Store.await(store.stream("log").append(many)));
      assertEquals(InvalidWriteException.Reason.BATCH_TOO_LARGE, tooMany.reason());
    }
  }
}
