package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.contents;
import static dev.varve.store.StoreFixture.delete;
import static dev.varve.store.StoreFixture.get;
import static dev.varve.store.StoreFixture.keyspace;
import static dev.varve.store.StoreFixture.put;
import static dev.varve.store.StoreFixture.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.manifest.Edit;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(QuietLog.class)
class ReplicaTest {
  private final StoreFixture fixture = new StoreFixture();

  private static void load(Store store, int from, int to) throws IOException {
    for (int i = from; i < to; i++) {
      put(store, "main", "key-" + i % 20, value(i, 300));
      if (i % 4 == 0) {
        put(store, "objects", "key-" + i % 9, value(i, 200));
      }
      if (i % 7 == 0) {
        delete(store, "main", "key-" + (i + 5) % 20);
      }
    }
  }

  /** Writes that reach both logs before any of them is committed. */
  private static void appendUncommitted(Replica pair, int writes) throws IOException {
    long kept = pair.follower.log().state().last().sequence();
    pair.commits = false;
    for (int i = 0; i < writes; i++) {
      CompletableFuture<Long> write =
          pair.leader.write(
              new WriteBatch().put("main", bytes("key-" + i % 20), bytes(value(-i, 300))));
      assertFalse(write.isDone());
    }
    List<LogEntry> tail = Replica.entriesAfter(pair.leader.log(), kept);
    pair.append(tail);
    pair.commits = true;
  }

  private static void assertSame(Replica pair) throws IOException {
    assertEquals(contents(pair.leader), contents(pair.follower));
    assertEquals(
        Replica.files(pair.leaderStorage, pair.leader), Replica.files(pair.storage, pair.follower));
    for (String name : List.of("main", "objects")) {
      KeyspaceStatus there = keyspace(pair.leader, name);
      KeyspaceStatus here = keyspace(pair.follower, name);
      assertEquals(there.liveKeys(), here.liveKeys());
      assertEquals(there.liveBytes(), here.liveBytes());
      assertEquals(there.segments(), here.segments());
    }
  }

  @Test
  void aFollowerBecomesByteIdenticalThroughLoadRollsAndCompaction() throws IOException {
    Replica pair = new Replica(fixture);
    load(pair.leader, 0, 100);
    pair.replicate();
    assertSame(pair);
    assertEquals(
        CompactionEvent.Type.COMPLETED, fixture.compact(pair.leader, "main", false).type());
    load(pair.leader, 100, 150);
    pair.replicate();
    assertEquals(0, pair.follower.log().adoptionBacklog());
    assertSame(pair);
    pair.leader.checkpoint().join();
    pair.replicate();
    assertEquals(pair.leaderStorage.list("main"), pair.storage.list("main"));
    pair.reopenFollower();
    pair.replicate();
    assertSame(pair);
  }

  @Test
  void theSameEntriesAgainArePassedOver() throws IOException {
    Replica pair = new Replica(fixture);
    put(pair.leader, "main", "a", "1");
    List<LogEntry> all = Replica.entriesAfter(pair.leader.log(), 0);
    pair.append(all);
    pair.append(all);
    assertEquals(pair.leader.log().state().last(), pair.follower.log().state().last());
  }

  @Test
  void refusesEntriesThatLeaveAGap() throws IOException {
    Replica pair = new Replica(fixture);
    put(pair.leader, "main", "a", "1");
    long after = pair.leader.log().state().last().sequence();
    put(pair.leader, "main", "a", "2");
    List<LogEntry> last = Replica.entriesAfter(pair.leader.log(), after);
    LogGapException gap = assertThrows(LogGapException.class, () -> pair.append(last));
    assertEquals(pair.follower.log().state().last(), gap.last());
    pair.replicate();
    assertEquals("2", get(pair.follower, "main", "a"));
  }

  @Test
  void refusesEntriesWhoseBytesWereDamagedOnTheWay() throws IOException {
    Replica pair = new Replica(fixture);
    put(pair.leader, "main", "a", "1");
    List<LogEntry> entries =
        Replica.entriesAfter(pair.leader.log(), pair.follower.log().state().last().sequence());
    LogEntry good = entries.getFirst();
    Chunk chunk = good.chunks().getFirst();
    byte[] copy = new byte[chunk.length()];
    chunk.bytes().get(copy);
    copy[copy.length - 1] ^= 1;
    LogEntry bad =
        new LogEntry(
            good.sequence(),
            good.term(),
            List.of(new Chunk(chunk.path(), chunk.offset(), java.nio.ByteBuffer.wrap(copy))));
    assertThrows(LogDivergedException.class, () -> pair.append(List.of(bad)));
    pair.replicate();
    assertSame(pair);
  }

  @Test
  void anEditIsNotAcknowledgedBeforeItsRunListIsHere() throws IOException {
    Replica pair = new Replica(fixture);
    load(pair.leader, 0, 60);
    pair.replicate();
    fixture.compact(pair.leader, "main", false);
    List<LogEntry> entries =
        Replica.entriesAfter(pair.leader.log(), pair.follower.log().state().last().sequence());
    CompletionException missing =
        assertThrows(CompletionException.class, () -> pair.follower.log().append(entries).join());
    assertTrue(missing.getCause() instanceof MissingAttachmentException, missing.toString());
    pair.replicate();
    assertSame(pair);
  }

  @Test
  void aFollowerWithoutItsInputsFetchesTheOutputs() throws IOException {
    Replica pair = new Replica(fixture);
    load(pair.leader, 0, 60);
    pair.replicate();
    List<KeyspaceStatus.SegmentStatus> segments = keyspace(pair.follower, "main").segments();
    String damaged = segments.get(segments.size() - 2).file();
    for (int at = 100; at < pair.storage.contents(damaged).length; at += 100) {
      pair.storage.flipBit(damaged, 8L * at);
    }
    fixture.compact(pair.leader, "main", false);
    pair.replicate();
    assertEquals(1, pair.follower.log().adoptionBacklog());
    List<String> fetched = new ArrayList<>();
    pair.follower
        .log()
        .fetchWith(
            (path, length, crc, into) -> {
              fetched.add(path);
              byte[] bytes = pair.leaderStorage.contents(path);
              into.write(new java.nio.ByteBuffer[] {java.nio.ByteBuffer.wrap(bytes)}, 0);
            });
    assertEquals(0, pair.follower.log().adoptionBacklog());
    assertFalse(fetched.isEmpty());
    assertSame(pair);
  }

  @Test
  void cutsAnUncommittedTailWithItsRolls() throws IOException {
    Replica pair = new Replica(fixture);
    load(pair.leader, 0, 10);
    pair.replicate();
    long kept = pair.follower.log().state().last().sequence();
    final Map<String, String> before = contents(pair.follower);
    final List<String> files = pair.storage.list("main");
    appendUncommitted(pair, 60);
    assertTrue(pair.storage.list("main").size() > files.size());
    LogState cut = pair.follower.log().cut(kept).join();
    assertEquals(kept, cut.last().sequence());
    assertEquals(files, pair.storage.list("main"));
    assertEquals(before, contents(pair.follower));
    pair.leader.log().commit(Long.MAX_VALUE);
    pair.replicate();
    assertSame(pair);
  }

  @Test
  void finishesACutThatACrashInterrupted() throws IOException {
    for (int operation = 1; operation < 40; operation++) {
      Replica pair = new Replica(fixture);
      load(pair.leader, 0, 10);
      pair.replicate();
      long kept = pair.follower.log().state().last().sequence();
      appendUncommitted(pair, 40);
      long number = pair.storage.operations() + operation;
      pair.storage.failOperation(number, Fault.POWER_OFF);
      boolean cut = !pair.follower.log().cut(kept).isCompletedExceptionally();
      pair.crashFollower(operation);
      long last = pair.follower.log().state().last().sequence();
      long written = pair.leader.log().state().last().sequence();
      assertTrue(last == kept || (!cut && last == written), "operation " + operation);
      pair.leader.log().commit(Long.MAX_VALUE);
      pair.replicate();
      assertSame(pair);
    }
  }

  @Test
  void neverCutsWhatIsCommitted() throws IOException {
    Replica pair = new Replica(fixture);
    put(pair.leader, "main", "a", "1");
    pair.replicate();
    long committed = pair.follower.log().state().committed();
    CompletionException refused =
        assertThrows(
            CompletionException.class, () -> pair.follower.log().cut(committed - 1).join());
    assertTrue(refused.getCause() instanceof IllegalArgumentException);
  }

  @Test
  void aDeposedLeadersTailIsReplacedByTheNewLeaders() throws IOException {
    Replica pair = new Replica(fixture);
    put(pair.leader, "main", "a", "1");
    pair.replicate();
    long common = pair.follower.log().state().last().sequence();
    // The old leader writes on alone, uncommitted; the follower leads the next term.
    ShardLog old = pair.leader.log();
    old.resign().join();
    old.lead(old.state().last().term() + 1, new SilentListener()).join();
    var lost = pair.leader.write(new WriteBatch().put("main", bytes("a"), bytes("lost")));
    old.resign().join();
    assertTrue(lost.isCompletedExceptionally());
    ShardLog next = pair.follower.log();
    next.lead(old.state().last().term() + 1, LogListener.commitWhenDurable(next)).join();
    put(pair.follower, "main", "a", "2");
    List<LogEntry> entries = Replica.entriesAfter(next, common);
    assertThrows(CompletionException.class, () -> old.append(entries).join());
    old.cut(common).join();
    old.append(entries).join();
    old.commit(next.state().committed());
    assertEquals("2", get(pair.leader, "main", "a"));
    assertEquals(next.state().termStarts(), old.state().termStarts());
    assertSame(pair);
  }

  @Test
  void membershipIsTheNewestInTheLogAndUndoneByACut() throws IOException {
    Replica pair = new Replica(fixture);
    pair.leader.log().propose(new Edit.Membership(List.of("a=1", "b=1"))).join();
    pair.replicate();
    assertEquals(List.of("a=1", "b=1"), pair.follower.log().state().membership());
    long kept = pair.follower.log().state().last().sequence();
    pair.commits = false;
    var proposed = pair.leader.log().propose(new Edit.Membership(List.of("a=1")));
    assertFalse(proposed.isDone());
    List<LogEntry> tail = Replica.entriesAfter(pair.leader.log(), kept);
    pair.append(tail);
    assertEquals(List.of("a=1"), pair.follower.log().state().membership());
    pair.follower.log().cut(kept).join();
    assertEquals(List.of("a=1", "b=1"), pair.follower.log().state().membership());
  }

  @Test
  void installsAnImageInsteadOfADifferentOrEmptyDirectory() throws IOException {
    Replica pair = new Replica(fixture);
    load(pair.leader, 0, 80);
    fixture.compact(pair.leader, "main", true);
    load(pair.leader, 80, 100);
    pair.follower.close();
    assertTrue(pair.installImage(Integer.MAX_VALUE));
    pair.follower = fixture.open(pair.storage);
    pair.replicate();
    assertSame(pair);
    put(pair.leader, "main", "after", "image");
    pair.replicate();
    assertSame(pair);
  }

  @Test
  void resumesAnImageThatACrashInterrupted() throws IOException {
    Replica pair = new Replica(fixture);
    load(pair.leader, 0, 40);
    pair.follower.close();
    for (int writes = 0; !pair.installImage(writes); writes += 5) {
      assertThrows(InstallingException.class, () -> fixture.open(pair.storage));
      pair.storage = pair.storage.crash(writes);
      load(pair.leader, writes, writes + 3); // the image of the next try is a later one
    }
    pair.follower = fixture.open(pair.storage);
    pair.replicate();
    assertSame(pair);
  }

  @Test
  void anImageStaysWholeWhileCompactionDeletesWhatItIsMadeOf() throws IOException {
    Replica pair = new Replica(fixture);
    load(pair.leader, 0, 60);
    try (StoreImage image = pair.leader.log().image()) {
      fixture.compact(pair.leader, "main", true);
      for (ImageFile file : image.files()) {
        assertTrue(
            pair.leaderStorage.contents(file.path()).length >= file.length(), file.toString());
      }
    }
    pair.replicate();
    assertSame(pair);
    assertEquals(pair.leaderStorage.list("main"), pair.storage.list("main"));
  }

  @Test
  void resumesAdoptionAfterACrashAtAnyOperation() throws IOException {
    int resumed = 0;
    for (int operation = 1; operation < 60; operation++) {
      Replica pair = new Replica(fixture);
      load(pair.leader, 0, 60);
      pair.replicate();
      fixture.compact(pair.leader, "main", false);
      List<LogEntry> edit =
          Replica.entriesAfter(pair.leader.log(), pair.follower.log().state().last().sequence());
      pair.append(edit);
      long before = pair.storage.operations();
      pair.storage.failOperation(before + operation, Fault.POWER_OFF);
      pair.follower.log().commit(Long.MAX_VALUE);
      resumed += pair.follower.log().adoptionBacklog();
      pair.crashFollower(operation);
      pair.replicate();
      assertSame(pair);
      pair.leader.checkpoint().join();
      pair.replicate();
      assertSame(pair);
    }
    assertTrue(resumed > 10, "adoption was interrupted only " + resumed + " times");
  }

  @Test
  void aFollowersFullDiskDuringAdoptionLeavesItServingAndIsTriedAgain() throws IOException {
    Replica pair = new Replica(fixture);
    load(pair.leader, 0, 60);
    pair.replicate();
    fixture.compact(pair.leader, "main", false);
    pair.storage.failWhen(
        op -> op.kind() == Operation.Kind.WRITE && op.path().endsWith(".log.tmp"), Fault.DISK_FULL);
    pair.replicate();
    assertEquals(1, pair.follower.log().adoptionBacklog());
    assertEquals(contents(pair.leader), contents(pair.follower));
    assertTrue(pair.storage.list("main").stream().noneMatch(name -> name.endsWith(".tmp")));
    pair.storage.clearFaults();
    pair.leader.checkpoint().join();
    pair.replicate();
    assertEquals(0, pair.follower.log().adoptionBacklog());
    assertSame(pair);
  }

  @Test
  void whatLeavesTheWindowIsOnlyInTheImage() throws IOException {
    StoreOptions small = fixture.options.withWindowBytesMax(1000);
    Store leader =
        Store.openStandalone(small, new SimulatedStorage(), Trampoline.runtime(fixture.nowMs::get));
    load(leader, 0, 20);
    assertNull(leader.log().read(0, 1 << 20));
    long last = leader.log().state().last().sequence();
    assertEquals(List.of(), leader.log().read(last, 1 << 20));
    List<LogEntry> recent = leader.log().read(last - 1, 1);
    assertEquals(last, recent == null ? -1 : recent.getFirst().sequence());
    leader.close();
  }

  private static final class SilentListener implements LogListener {
    @Override
    public void appended(List<LogEntry> group) {}

    @Override
    public void durable(long sequence) {}

    @Override
    public void failed(Throwable cause) {}
  }
}
