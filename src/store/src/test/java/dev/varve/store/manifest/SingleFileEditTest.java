package dev.varve.store.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.SegmentId;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class SingleFileEditTest {
  private static final SegmentId FIRST = new SegmentId(1, 1);
  private static final Edit.Swap SWAP =
      new Edit.Swap(
          "r",
          "m",
          new Edit.SegmentFile(FIRST, 256, 7),
          new Edit.SegmentFile(new SegmentId(2, 3), 16, -1),
          new SegmentId(2, 4),
          true,
          5);

  private static RecordedEdit at(long sequence, Edit edit) {
    return new RecordedEdit(sequence, 3, sequence - 1, List.of(), List.of(), edit);
  }

  private static Edit decoded(Edit edit) throws InconsistentEditException {
    return EditCodec.decode(9, 3, EditCodec.encode(at(9, edit))).edit();
  }

  private static ManifestState.KeyspaceState keyspace(ManifestState state) {
    ManifestState.KeyspaceState keyspace = state.keyspaces().get("m");
    assertNotNull(keyspace);
    return keyspace;
  }

  @Test
  void aSwapHasTheseBytes() throws InconsistentEditException {
    assertEquals(
        "01" // version
            + "0a" // kind
            + "0000000000000008" // committed
            + "00000000" // no term starts
            + "00000000" // no tails
            + "000172" // r
            + "00016d" // m
            + "00000000000000010000000000000001" // closed
            + "0000000000000100" // its length
            + "00000007" // its CRC32C
            + "00000000000000020000000000000003" // opened
            + "0000000000000010" // its length
            + "ffffffff" // its CRC32C
            + "00000000000000020000000000000004" // run list
            + "01" // force delete
            + "0000000000000005", // time
        HexFormat.of().formatHex(EditCodec.encode(at(9, SWAP))));
    assertEquals(SWAP, decoded(SWAP));
  }

  @Test
  void aLayoutIsOneByte() throws InconsistentEditException {
    Edit chosen = new Edit.LayoutChosen(Layout.SINGLE_FILE);
    assertEquals(chosen, decoded(chosen));
    byte[] bytes = EditCodec.encode(at(9, chosen));
    bytes[bytes.length - 1] = 2;
    assertThrows(InconsistentEditException.class, () -> EditCodec.decode(9, 3, bytes));
    assertThrows(
        IllegalArgumentException.class,
        () -> EditCodec.encode(at(9, new Edit.LayoutChosen(Layout.MEMORY))));
  }

  @Test
  void aSwapPutsTheOpenedFileInThePlaceOfTheActiveOne() throws InconsistentEditException {
    ManifestState state = new ManifestState();
    assertEquals(Layout.SEGMENTED, state.layout());
    state.apply(at(1, new Edit.LayoutChosen(Layout.SINGLE_FILE)));
    state.apply(at(2, new Edit.KeyspaceAdded("m", KeyspaceType.KEY_VALUE, 1 << 20)));
    assertThrows(InconsistentEditException.class, () -> state.apply(at(3, SWAP)));
    state.apply(at(3, new Edit.Roll("m", null, FIRST)));
    assertNull(keyspace(state).activeBase());
    ManifestState copy = state.copy();
    copy.apply(at(4, SWAP));
    assertEquals(FIRST, keyspace(state).active());
    ManifestState again = copy.copy();
    assertEquals(Layout.SINGLE_FILE, again.layout());
    assertEquals(SWAP.opened().id(), keyspace(again).active());
    assertEquals(SWAP.opened(), keyspace(again).activeBase());
    assertEquals(List.of(), keyspace(again).sealed());
    assertEquals(4, keyspace(again).highestNumber(), "the run list's");
    assertEquals(5, keyspace(again).lastCompactionMs());
    ManifestState.SequencedCompaction swapped = again.compactions().getLast();
    assertTrue(swapped.swap());
    assertEquals(List.of(SWAP.closed()), swapped.inputs());
    InconsistentEditException twice =
        assertThrows(InconsistentEditException.class, () -> again.apply(at(5, SWAP)));
    assertTrue(String.valueOf(twice.getMessage()).contains("is active"), twice.toString());
    again.apply(
        at(
            5,
            new Edit.Roll(
                "m", new Edit.SegmentFile(SWAP.opened().id(), 20, 1), new SegmentId(3, 9))));
    assertNull(keyspace(again).activeBase());
  }

  @Test
  void aLayoutComesBeforeTheFirstKeyspace() throws InconsistentEditException {
    ManifestState state = new ManifestState();
    state.apply(at(1, new Edit.KeyspaceAdded("m", KeyspaceType.KEY_VALUE, 1 << 20)));
    assertThrows(
        InconsistentEditException.class,
        () -> state.apply(at(2, new Edit.LayoutChosen(Layout.SINGLE_FILE))));
  }
}
