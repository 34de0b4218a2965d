package dev.varve.store.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeydirCheckpointReaderTest {
  private static final String PATH = "_keydir";
  private static final long[] WORDS = {5, 6, 7, 8};

  /** After the header and one partition of two entries. */
  private static final int SEGMENTS_AT = 8 + 4 + 8 * WORDS.length;

  private final KeydirCheckpointPosition position = new KeydirCheckpointPosition(3, 4, 5, 6, 7);
  private final CheckpointedSegment segment =
      new CheckpointedSegment(
          9, new SegmentId(1, 2), true, 3, 4, 0, true, List.of(new ExpirySpan(10, 20, 30)));
  private final SimulatedStorage storage = new SimulatedStorage();

  private StorageFile written() throws IOException {
    StorageFile file = storage.create(PATH);
    KeydirCheckpointWriter writer = new KeydirCheckpointWriter(file);
    writer.partition(WORDS);
    writer.finish(position, List.of(segment));
    return file;
  }

  @Test
  void readsBackWhatWasWritten() throws IOException {
    KeydirCheckpointReader reader = new KeydirCheckpointReader(written(), PATH);
    assertEquals(position, reader.position());
    assertEquals(List.of(segment), reader.segments());
    assertEquals(1, reader.partitions());
    assertArrayEquals(WORDS, reader.partition());
  }

  @Test
  void refusesWhatNoWriterWritesAlthoughItsChecksumFits() throws IOException {
    StorageFile file = written();
    byte[] bytes = storage.contents(PATH);
    ByteBuffer changed = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    changed.putLong(SEGMENTS_AT + 4, -1); // the segment's term
    int content = bytes.length - Integer.BYTES;
    changed.putInt(content, ChecksummedOutput.masked(Crc32c.of(changed, 0, content)));
    file.write(new ByteBuffer[] {changed}, 0);
    KeydirCheckpointDamagedException refused =
        assertThrows(
            KeydirCheckpointDamagedException.class, () -> new KeydirCheckpointReader(file, PATH));
    assertTrue(String.valueOf(refused.getMessage()).contains(PATH), refused.getMessage());
  }
}
