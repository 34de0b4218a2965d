package dev.varve.replication;

import static dev.varve.replication.FakeShardLog.at;
import static dev.varve.replication.FakeShardLog.entries;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.replication.Response.AppendOutcome;
import dev.varve.store.LogDivergedException;
import dev.varve.store.LogPosition;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FollowerLogTest {
  private final Simulation simulation = new Simulation(1);
  private final MemberThread thread =
      new MemberThread(
          simulation.world,
          simulation.world,
          bug -> {
            throw new AssertionError(bug);
          });
  private final FakeShardLog store = new FakeShardLog();
  private final FollowerLog log = new FollowerLog(thread);

  @BeforeEach
  void open() {
    log.open(store);
  }

  private void settle() {
    store.drain();
    simulation.run(Duration.ofMillis(1));
  }

  private FollowerLog.Taken take(LogPosition previous, long term, long from, long to) {
    CompletableFuture<FollowerLog.Taken> taken = log.take(previous, entries(term, from, to));
    settle();
    return taken.join();
  }

  /** Guard: {@code tail.holds(previous)}. */
  @Test
  void takesOnlyWhatContinuesIt() {
    assertEquals(AppendOutcome.ACCEPTED, take(LogPosition.EMPTY, 1, 1, 3).outcome());
    assertEquals(AppendOutcome.MISMATCH, take(at(1, 4), 1, 5, 6).outcome());
    assertEquals(AppendOutcome.MISMATCH, take(at(2, 3), 2, 4, 4).outcome());
    assertEquals(at(1, 3), store.durable().last());
  }

  @Test
  void takesTheSameEntriesTwiceWithoutHarm() {
    take(LogPosition.EMPTY, 1, 1, 3);
    assertEquals(AppendOutcome.ACCEPTED, take(at(1, 1), 1, 2, 5).outcome());
    assertEquals(at(1, 5), store.durable().last());
    assertEquals(at(1, 5), log.durableMatch());
  }

  /** Guard: {@code current.cut(keep)} before the append. */
  @Test
  void cutsWhatContradictsTheLeader() {
    take(LogPosition.EMPTY, 1, 1, 6);
    log.forgetMatch();
    assertEquals(AppendOutcome.ACCEPTED, take(at(1, 4), 3, 5, 5).outcome());
    assertEquals(at(3, 5), store.durable().last());
    assertEquals(3, store.durable().termAt(5));
  }

  /** Guard: the check against {@code committed} before a cut. */
  @Test
  void neverCutsWhatIsCommitted() {
    take(LogPosition.EMPTY, 1, 1, 6);
    log.commit(5);
    log.forgetMatch();
    assertThrows(IllegalStateException.class, () -> log.take(at(1, 3), entries(2, 4, 4)));
    assertEquals(at(1, 6), store.durable().last());
  }

  /** Guard: an acknowledgement says how far the log matches, not how long it is. */
  @Test
  void acknowledgesNothingOfATailTheLeaderNeverHad() {
    take(LogPosition.EMPTY, 1, 1, 9);
    log.forgetMatch();
    assertEquals(LogPosition.EMPTY, log.durableMatch());
    // The new leader's log ends at 4: what follows here is not its.
    assertEquals(AppendOutcome.ACCEPTED, take(at(1, 3), 1, 4, 4).outcome());
    assertEquals(at(1, 4), log.durableMatch());
    log.commit(9);
    assertEquals(4, log.committed());
  }

  /**
   * Guard: only what the store has reported durable counts, though a longer old tail is durable
   * still.
   */
  @Test
  void acknowledgesAfterACutOnlyWhatTookItsPlaceDurably() {
    take(LogPosition.EMPTY, 1, 1, 9);
    log.forgetMatch();
    CompletableFuture<FollowerLog.Taken> taken = log.take(at(1, 4), entries(3, 5, 8));
    simulation.run(Duration.ofMillis(1));
    assertFalse(taken.isDone());
    assertTrue(log.durableMatch().sequence() <= 4, "acknowledged " + log.durableMatch());
    settle();
    assertEquals(at(3, 8), log.durableMatch());
  }

  @Test
  void takesSeveralGroupsBeforeTheFirstIsDurable() {
    CompletableFuture<FollowerLog.Taken> first = log.take(LogPosition.EMPTY, entries(1, 1, 2));
    CompletableFuture<FollowerLog.Taken> second = log.take(at(1, 2), entries(1, 3, 4));
    settle();
    assertEquals(AppendOutcome.ACCEPTED, first.join().outcome());
    assertEquals(AppendOutcome.ACCEPTED, second.join().outcome());
    assertEquals(at(1, 4), log.durableMatch());
  }

  /** Guard: {@code disturbed}: nothing is taken until the log says again where it ends. */
  @Test
  void goesOnFromWhereTheLogEndsAfterAFailure() {
    take(LogPosition.EMPTY, 1, 1, 2);
    CompletableFuture<FollowerLog.Taken> failing = log.take(at(1, 2), entries(1, 3, 4));
    CompletableFuture<FollowerLog.Taken> behind = log.take(at(1, 4), entries(1, 5, 5));
    store.failNext(new IOException("disk full"));
    store.failNext(new IOException("a gap"));
    simulation.run(Duration.ofMillis(1));
    assertEquals(AppendOutcome.BUSY, failing.join().outcome());
    assertEquals(AppendOutcome.BUSY, behind.join().outcome());
    assertEquals(at(1, 2), log.tail().last());
    assertEquals(AppendOutcome.ACCEPTED, take(at(1, 2), 1, 3, 3).outcome());
  }

  @Test
  void asksForAnImageWhenTheFilesKeepContradicting() {
    take(LogPosition.EMPTY, 1, 1, 2);
    for (int i = 0; i < 2; i++) {
      assertFalse(log.needsImage());
      CompletableFuture<FollowerLog.Taken> failing = log.take(at(1, 2), entries(1, 3, 3));
      store.failNext(new LogDivergedException("offset"));
      simulation.run(Duration.ofMillis(1));
      assertTrue(failing.isDone());
    }
    assertTrue(log.needsImage());
  }

  /** Guard: {@link FollowerLog#open} waits for what an earlier role left in the store's queue. */
  @Test
  void anotherRoleTakesNothingBeforeTheFormerOnesEntriesAreIn() {
    CompletableFuture<FollowerLog.Taken> former = log.take(LogPosition.EMPTY, entries(1, 1, 3));
    log.close();
    log.open(store);
    assertEquals(
        AppendOutcome.BUSY, log.take(LogPosition.EMPTY, entries(2, 1, 1)).join().outcome());
    settle();
    assertTrue(former.isDone());
    assertEquals(at(1, 3), log.tail().last());
    assertEquals(List.of(1L), log.tail().starts().stream().map(s -> s.term()).toList());
  }
}
