package dev.varve.store.segment;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.Crc32c;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.DiskFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class SegmentWriterTest {

  private final byte[] first = Segments.encoded(List.of(Segments.put(1, "a", 500)));
  private final byte[] second = Segments.encoded(List.of(Segments.put(2, "b", 700)));

  @Test
  void knowsLengthAndChecksumOfAllItWrote() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    SegmentWriter writer = new SegmentWriter(storage.create("s"), 0, 0);
    writer.append(ByteBuffer.wrap(first), ByteBuffer.wrap(second));
    writer.append(ByteBuffer.wrap(first));
    writer.sync();
    byte[] all = storage.contents("s");
    assertEquals(first.length * 2 + second.length, all.length);
    assertEquals(all.length, writer.length());
    assertEquals(Crc32c.of(ByteBuffer.wrap(all)), writer.crc());
    SegmentWriter resumed = SegmentWriter.resume(storage.open("s"), all.length);
    assertEquals(writer.crc(), resumed.crc());
  }

  /** Pitfall 12. */
  @Test
  void fullDiskLeavesTheSegmentAsItWas() throws IOException {
    SimulatedStorage storage = new SimulatedStorage(first.length + 300);
    SegmentWriter writer = new SegmentWriter(storage.create("s"), 0, 0);
    writer.append(ByteBuffer.wrap(first));
    int crc = writer.crc();
    assertThrows(DiskFullException.class, () -> writer.append(ByteBuffer.wrap(second)));
    assertTrue(writer.file().size() > first.length, "part of it is in the file");
    assertEquals(first.length, writer.length());
    assertEquals(crc, writer.crc());
    writer.discardBeyondLength();
    assertArrayEquals(first, storage.contents("s"));
    storage.capacity(10_000);
    writer.append(ByteBuffer.wrap(second));
    assertEquals(Crc32c.of(ByteBuffer.wrap(storage.contents("s"))), writer.crc());
  }

  @Test
  void cutsBackAndGoesOn() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    SegmentWriter writer = new SegmentWriter(storage.create("s"), 0, 0);
    writer.append(ByteBuffer.wrap(first), ByteBuffer.wrap(second));
    writer.truncate(first.length);
    assertEquals(Crc32c.of(ByteBuffer.wrap(first)), writer.crc());
    assertArrayEquals(first, storage.contents("s"));
    assertThrows(IllegalArgumentException.class, () -> writer.truncate(first.length + 1L));
  }
}
