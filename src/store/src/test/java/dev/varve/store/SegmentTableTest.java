package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.SegmentId;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The slots of a keyspace's segments run out. */
class SegmentTableTest {
  private final SimulatedStorage storage = new SimulatedStorage();
  private final SegmentTable table = new SegmentTable("main", 3, new DamagedFiles());
  private int number;

  @BeforeEach
  void hasTenSlots() {
    table.slotsMax(10);
  }

  private LiveSegment add() throws IOException {
    SegmentId id = new SegmentId(1, ++number);
    String path = id.name();
    return table.add(id, () -> new SegmentReader(storage.create(path), path));
  }

  /** Guard: {@code SegmentTable.add} looks for the slot first. */
  @Test
  void opensNothingWithoutASlot() throws IOException {
    List<LiveSegment> all = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      all.add(add());
    }
    assertEquals(10, table.size());
    StoreFullException refused = assertThrows(StoreFullException.class, this::add);
    assertTrue(
        String.valueOf(refused.getMessage()).contains("keyspace main has 10 segments of the 10"),
        refused.getMessage());
    assertEquals(10, storage.files().size());
    assertThrows(StoreFullException.class, () -> table.requireSlots(1));

    LiveSegment gone = all.get(4);
    table.remove(gone);
    table.remove(gone);
    assertEquals(9, table.size());
    assertNull(table.at(gone.slot()));
    table.requireSlots(1);
    LiveSegment again = add();
    assertEquals(gone.slot(), again.slot());
    assertEquals(10, table.all().size());
  }

  @Test
  void aFileThatCannotBeOpenedTakesNoSlot() throws IOException {
    for (int i = 0; i < 30; i++) {
      SegmentId id = new SegmentId(2, i + 1);
      assertThrows(
          IOException.class,
          () -> table.add(id, () -> new SegmentReader(storage.open("absent"), "absent")));
    }
    assertEquals(0, table.size());
    assertNotNull(table.at(add().slot()));
  }

  @Test
  void keepsSlotsForDeletesAndForOutputs() throws IOException {
    for (int i = 0; i < 3; i++) {
      table.requireRoom(true);
      add();
    }
    StoreFullException refused =
        assertThrows(StoreFullException.class, () -> table.requireRoom(true));
    assertTrue(
        String.valueOf(refused.getMessage())
            .contains("keyspace main has 3 segments, replaced ones included, and may have 3"),
        refused.getMessage());
    for (int i = 0; i < 4; i++) {
      table.requireRoom(false);
      add();
    }
    assertThrows(StoreFullException.class, () -> table.requireRoom(false));
    table.requireSlots(3);
    assertThrows(StoreFullException.class, () -> table.requireSlots(4));
  }
}
