package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class WorkGateTest {
  private final WorkGate gate = new WorkGate();

  @Test
  void aClosedGateLetsNothingInAndIsQuietOnceAllLeft() {
    assertTrue(gate.enter());
    assertTrue(gate.enter());
    assertFalse(gate.isQuiet());
    gate.close();
    assertFalse(gate.enter());
    gate.leave();
    assertFalse(gate.isQuiet());
    gate.leave();
    assertTrue(gate.isQuiet());
  }

  @Test
  void anOpenGateIsNotQuiet() {
    assertFalse(gate.isQuiet());
    gate.close();
    assertTrue(gate.isQuiet());
    gate.open();
    assertFalse(gate.isQuiet());
    assertTrue(gate.enter());
  }
}
