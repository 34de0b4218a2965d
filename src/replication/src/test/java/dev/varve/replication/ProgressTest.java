package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.LogPosition;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final MemberId OLD = new MemberId("c", "old");
  private static final MemberId NEW = new MemberId("c", "new");

  private final Progress progress = new Progress("c", new LogPosition(1, 10), 0);

  /** Guard: {@code acknowledged = 0} when another id answers. */
  @Test
  void aDirectoryMadeAnewHasAcknowledgedNothing() {
    assertTrue(progress.heard(OLD, 100, 10, 10, 100));
    assertEquals(10, progress.acknowledged());
    assertTrue(progress.heard(NEW, 200, 0, 10, 200));
    assertEquals(0, progress.acknowledged());
    assertEquals(NEW, progress.member());
  }

  /** Guard: {@code former}; an answer may be overtaken by one of the directory that replaced it. */
  @Test
  void anOldIdIsNeverCountedAgain() {
    progress.heard(OLD, 100, 5, 10, 100);
    progress.heard(NEW, 200, 0, 10, 200);
    assertFalse(progress.heard(OLD, 300, 10, 10, 300));
    assertEquals(NEW, progress.member());
    assertEquals(0, progress.acknowledged());
  }

  /** Guard: the promise of the lost directory is dropped with it. */
  @Test
  void aDirectoryMadeAnewHasPromisedNothing() {
    progress.heard(OLD, 500, 5, 10, 500);
    progress.heard(NEW, 400, 0, 10, 510);
    assertEquals(400, progress.acknowledgedSendNanos());
  }

  @Test
  void oneProbeAtATimeUntilTheLogsMeet() {
    assertTrue(progress.maySend());
    progress.sent(new LogPosition(2, 11), 100);
    assertFalse(progress.maySend());
    assertEquals(new LogPosition(1, 10), progress.next());
    progress.accepted(new LogPosition(2, 11), 100);
    assertEquals(new LogPosition(2, 11), progress.next());
    assertTrue(progress.maySend());
  }

  /** Guard: {@code IN_FLIGHT_BYTES_MAX} and {@code IN_FLIGHT_MAX} in {@link Progress#maySend}. */
  @Test
  void whatIsUnderWayIsBounded() {
    progress.sent(new LogPosition(2, 11), 1);
    progress.accepted(new LogPosition(2, 11), 1);
    int sent = 0;
    while (progress.maySend()) {
      sent++;
      progress.sent(new LogPosition(2, 11 + sent), 1 << 20);
    }
    assertEquals(8, sent);
    progress.probe(new LogPosition(2, 11));
    progress.sent(new LogPosition(2, 12), 1);
    progress.accepted(new LogPosition(2, 12), 1);
    sent = 0;
    while (progress.maySend()) {
      sent++;
      progress.sent(new LogPosition(2, 12 + sent), 1);
    }
    assertEquals(64, sent);
  }

  @Test
  void membersAreReplacedOneChangeAtATime() {
    MemberId a = new MemberId("a", "1");
    MemberId b = new MemberId("b", "2");
    List<MemberId> without = MembershipRule.towards(List.of(a, b, OLD), NEW);
    assertEquals(List.of(a, b), without);
    assertEquals(List.of(a, b, NEW), MembershipRule.towards(without, NEW));
  }
}
