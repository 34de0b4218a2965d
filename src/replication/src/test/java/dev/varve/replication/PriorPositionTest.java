package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.LogPosition;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PriorPositionTest {

  /** Guard: {@link PriorPosition#remember} keeps the higher of two positions, and is durable. */
  @Test
  void remembersTheFurthestAcrossRepeatedCopiesAndCrashes() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    PriorPosition prior = PriorPosition.load(storage);
    prior.remember(new LogPosition(4, 90));
    prior.remember(new LogPosition(3, 200));
    for (int seed = 0; seed < 20; seed++) {
      assertEquals(new LogPosition(4, 90), PriorPosition.load(storage.crash(seed)).position());
      storage = new SimulatedStorage();
      prior = PriorPosition.load(storage);
      prior.remember(new LogPosition(4, 90));
    }
  }

  /** Guard: the comparison in {@link PriorPosition#reachedBy}. */
  @Test
  void isForgottenOnlyWhenTheLogReachesThatFarAgain() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    PriorPosition prior = PriorPosition.load(storage);
    prior.remember(new LogPosition(4, 90));
    assertFalse(prior.reachedBy(new LogPosition(3, 500)));
    assertFalse(prior.reachedBy(new LogPosition(4, 89)));
    assertTrue(prior.reachedBy(new LogPosition(5, 60)));
    assertEquals(LogPosition.EMPTY, PriorPosition.load(storage).position());
  }

  @Test
  void identitySurvivesWithFoundersAndMarks() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    MemberOptions options =
        new MemberOptions("a", "orders", 0, Map.of("a", "a:1"), Timing.defaults());
    Identity created = Identity.create(options, new Random(1), false);
    Identity changed =
        created.foundedBy(List.of(created.member(), new MemberId("b", "9"))).withLog();
    changed.store(storage);
    assertEquals(changed, Identity.load(storage));
    assertEquals(32, created.member().id().length());
  }
}
