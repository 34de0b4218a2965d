package dev.varve.store.recovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.varve.store.format.Mending;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestSnapshot;
import dev.varve.store.manifest.ManifestState;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.api.Test;

/** Manifests as earlier versions wrote them: kept as files, so that they stay what they were. */
class OlderManifestTest {

  /** A snapshot from before one told what compactions had dropped, and an edit after it. */
  @Test
  void oneThatDoesNotTellWhatWasDroppedIsRead() throws IOException {
    byte[] bytes;
    try (InputStream file =
        ManifestState.class.getResourceAsStream(
            "/dev/varve/store/manifest/rolled-without-dropped")) {
      assertNotNull(file);
      bytes = file.readAllBytes();
    }
    ManifestScan scan = ManifestScan.read(Mending.holding(ManifestState.PATH, bytes));
    assertEquals(bytes.length, scan.goodLength());
    assertEquals(1, scan.edits().size());
    ManifestSnapshot snapshot = scan.snapshot();
    assertNotNull(snapshot);
    assertEquals(2, snapshot.keyspaces().size());
    for (ManifestSnapshot.KeyspaceThen keyspace : snapshot.keyspaces()) {
      assertEquals(Edit.Compaction.DROPPED_UNKNOWN, keyspace.droppedUpTo());
    }
    new ManifestTarget().decode(bytes); // and written again it has the same bytes
  }
}
