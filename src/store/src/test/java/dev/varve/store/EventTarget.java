package dev.varve.store;

import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.Crc32c;
import dev.varve.store.format.Mending;
import dev.varve.store.fuzz.Target;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** {@link EventLog} with {@link CompactionEventCodec} under the fuzzer. */
public final class EventTarget implements Target {
  private static final int EVENTS_MAX = 100;
  private static final int HEADER_BYTES = 8;

  @Override
  public String name() {
    return "events";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    try (EventLog log = EventLog.open(storage, EVENTS_MAX)) {
      log.append(event(CompactionEvent.Type.STARTED, List.of(), "Started", ""));
      log.append(
          event(
              CompactionEvent.Type.COMPLETED,
              List.of("main/0000000001-000000000001.log", "main/0000000001-000000000002.log"),
              "Compacted",
              "12 records of 30 were dropped"));
    }
    return Map.of("none", new byte[0], "two", storage.contents(EventLog.PATH));
  }

  private static CompactionEvent event(
      CompactionEvent.Type type, List<String> files, String reason, String message) {
    return new CompactionEvent(
        0,
        type,
        "run-7",
        "main",
        Strategy.REWRITE,
        1_700_000_000_000L,
        files,
        4000,
        1000,
        3000,
        17,
        1.0,
        30,
        12,
        2,
        0,
        reason,
        message,
        4);
  }

  @Override
  public byte[] mended(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    int at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      int body = buffer.getInt(at + 4);
      if (body < 0 || body > bytes.length - at - HEADER_BYTES) {
        break;
      }
      buffer.putInt(at, Crc32c.of(buffer, at + 4, body + 4));
      at += HEADER_BYTES + body;
    }
    return bytes;
  }

  @Override
  public void decode(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    int at = 0;
    int length = CompactionEventCodec.length(buffer, at);
    while (length > 0) {
      CompactionEvent event = CompactionEventCodec.decode(buffer, at);
      if (event != null
          && !Arrays.equals(
              CompactionEventCodec.encode(event), Arrays.copyOfRange(bytes, at, at + length))) {
        throw new AssertionError("an event was read that is not what is written: " + event);
      }
      at += length;
      length = CompactionEventCodec.length(buffer, at);
    }
    SimulatedStorage storage = Mending.holding(EventLog.PATH, bytes);
    try (EventLog log = EventLog.open(storage, EVENTS_MAX)) {
      if (!Arrays.equals(storage.contents(EventLog.PATH), Arrays.copyOf(bytes, at))) {
        throw new AssertionError("not exactly the whole events were kept");
      }
      CompactionEvent next = log.append(event(CompactionEvent.Type.STARTED, List.of(), "", ""));
      if (!log.last(1).equals(List.of(next))) {
        throw new AssertionError("an event after these was not kept");
      }
    }
  }
}
