package dev.varve.store.recovery;

import dev.varve.store.format.Crc32c;
import dev.varve.store.format.Mending;
import dev.varve.store.fuzz.Target;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/** {@link DurableMark} under the fuzzer. */
public final class DurableMarkTarget implements Target {
  @Override
  public String name() {
    return "durableMark";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    byte[] fresh;
    byte[] once;
    try (DurableMark mark = DurableMark.open(storage)) {
      fresh = storage.contents(DurableMark.PATH);
      mark.write(40, 38);
      once = storage.contents(DurableMark.PATH);
      mark.write(41, 40);
    }
    return Map.of("new", fresh, "once", once, "twice", storage.contents(DurableMark.PATH));
  }

  @Override
  public byte[] mended(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int checked = DurableMark.SLOT_BYTES - Integer.BYTES;
    for (int at = 0; at + DurableMark.SLOT_BYTES <= bytes.length; at += DurableMark.SLOT_DISTANCE) {
      buffer.putInt(at + checked, Crc32c.of(buffer, at, checked));
    }
    return bytes;
  }

  @Override
  public void decode(byte[] bytes) throws IOException {
    SimulatedStorage storage = Mending.holding(DurableMark.PATH, bytes);
    DurableMark.Reading reading = DurableMark.peek(storage);
    try (DurableMark mark = DurableMark.open(storage)) {
      if (!reading.usable()
          || mark.durable() != reading.durable()
          || mark.committed() != reading.committed()) {
        throw new AssertionError("a look and an opening differ: " + reading);
      }
      requireSlots(bytes, reading);
      mark.write(77, mark.committed());
    } catch (CorruptionException e) {
      if (reading.usable() || !e.file().equals(DurableMark.PATH)) {
        throw new AssertionError("a damaged mark was reported otherwise: " + reading, e);
      }
      return;
    }
    if (DurableMark.peek(storage).durable() != 77 && !isAtTheEnd(bytes)) {
      throw new AssertionError("a write after " + reading + " is not what the mark tells");
    }
  }

  /** Whether a slot has the last number there is, which no process lives to write. */
  private static boolean isAtTheEnd(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    boolean atTheEnd = false;
    for (int at = 0; at + DurableMark.SLOT_BYTES <= bytes.length; at += DurableMark.SLOT_DISTANCE) {
      atTheEnd |= buffer.getLong(at) == DurableMark.NUMBER_MAX - 1;
    }
    return atTheEnd;
  }

  /** What is told stands in one of the slots. */
  private static void requireSlots(byte[] bytes, DurableMark.Reading reading) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    boolean found = false;
    for (int at = 0; at + DurableMark.SLOT_BYTES <= bytes.length; at += DurableMark.SLOT_DISTANCE) {
      found |=
          buffer.getLong(at + 8) == reading.durable()
              && buffer.getLong(at + 16) == reading.committed();
    }
    if (!found) {
      throw new AssertionError("no slot says " + reading);
    }
  }
}
