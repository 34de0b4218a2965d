package dev.varve.store.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class RecordCodecTest {

  @Provide
  Arbitrary<LogRecord> records() {
    Arbitrary<byte[]> keys = Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(60);
    Arbitrary<byte[]> values = Arbitraries.bytes().array(byte[].class).ofMaxSize(300);
    Arbitrary<RecordKind> kinds = Arbitraries.of(RecordKind.class);
    Arbitrary<Long> longs = Arbitraries.longs().greaterOrEqual(0);
    return Combinators.combine(
            kinds, longs, longs, longs, keys, values, Arbitraries.integers().between(1, 0xFFFF))
        .as(
            (kind, sequence, term, expiry, key, value, size) ->
                new LogRecord(
                    kind,
                    sequence,
                    term,
                    size - 1,
                    size,
                    kind == RecordKind.REQUEST ? Math.max(1, expiry) : expiry,
                    switch (kind) {
                      case PUT, TOMBSTONE -> key;
                      case EDIT -> new byte[0];
                      case REQUEST -> Arrays.copyOf(key, RequestCodec.KEY_BYTES);
                    },
                    switch (kind) {
                      case PUT, EDIT -> value;
                      case TOMBSTONE -> new byte[0];
                      case REQUEST ->
                          RequestCodec.value(sequence, value.length % 2); // in and outside streams
                    }));
  }

  @Property(tries = 300)
  void readsBackWhatWasWritten(@ForAll("records") LogRecord record) {
    ByteBuffer buffer = encoded(record);
    assertEquals(RecordCodec.Check.WHOLE, RecordCodec.check(buffer, 0, buffer.capacity()));
    assertEquals(record.encodedLength(), RecordCodec.length(buffer, 0));
    LogRecord back = RecordCodec.decode(buffer, 0);
    assertEquals(record.kind(), back.kind());
    assertEquals(record.sequence(), back.sequence());
    assertEquals(record.term(), back.term());
    assertEquals(record.batchIndex(), back.batchIndex());
    assertEquals(record.batchSize(), back.batchSize());
    assertEquals(record.expiresAtMs(), back.expiresAtMs());
    assertArrayEquals(record.key(), back.key());
    assertArrayEquals(record.value(), back.value());
  }

  @Property(tries = 50)
  void noTruncationIsWhole(@ForAll("records") LogRecord record) {
    ByteBuffer buffer = encoded(record);
    for (int length = 0; length < buffer.capacity(); length++) {
      assertNotEquals(RecordCodec.Check.WHOLE, RecordCodec.check(buffer, 0, length));
    }
  }

  @Property(tries = 50)
  void everyFlippedBitIsNoticed(@ForAll("records") LogRecord record) {
    ByteBuffer buffer = encoded(record);
    for (int bit = 0; bit < buffer.capacity() * 8; bit++) {
      byte before = buffer.get(bit / 8);
      buffer.put(bit / 8, (byte) (before ^ 1 << bit % 8));
      assertNotEquals(
          RecordCodec.Check.WHOLE, RecordCodec.check(buffer, 0, buffer.capacity()), "bit " + bit);
      buffer.put(bit / 8, before);
    }
  }

  @Property(tries = 500)
  void neverThrowsForWhateverBytes(@ForAll byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertNotEquals(RecordCodec.Check.WHOLE, RecordCodec.check(buffer, 0, bytes.length));
  }

  /** The layout is a promise to files that exist; this is one of them. */
  @Test
  void layoutStays() {
    LogRecord record =
        new LogRecord(
            RecordKind.PUT,
            0x0102030405060708L,
            7,
            2,
            3,
            9,
            new byte[] {'k'},
            new byte[] {'v', 'w'});
    String hex = HexFormat.of().formatHex(encoded(record).array());
    assertEquals(
        "010101000200000002000300"
            + "0807060504030201"
            + "0700000000000000"
            + "0900000000000000"
            + "6b7677",
        hex.substring(8));
  }

  @Test
  void zerosAreNoRecord() {
    ByteBuffer zeros = ByteBuffer.allocate(100).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(RecordCodec.Check.ZEROS, RecordCodec.check(zeros, 0, 100));
    assertEquals(RecordCodec.Check.ZEROS, RecordCodec.check(zeros, 0, 20));
    assertEquals(RecordCodec.Check.SHORT, RecordCodec.check(zeros, 0, 0));
  }

  @Test
  void refusesToWriteWhatItWouldNotRead() {
    ByteBuffer target = ByteBuffer.allocate(10_000);
    byte[] none = new byte[0];
    byte[] key = {1};
    assertThrows(
        IllegalArgumentException.class,
        () -> RecordCodec.encode(RecordKind.PUT, 1, 1, 0, 1, 0, none, none, target));
    assertThrows(
        IllegalArgumentException.class,
        () -> RecordCodec.encode(RecordKind.PUT, 1, 1, 0, 1, 0, new byte[4097], none, target));
    assertThrows(
        IllegalArgumentException.class,
        () -> RecordCodec.encode(RecordKind.EDIT, 1, 1, 0, 1, 0, key, none, target));
    assertThrows(
        IllegalArgumentException.class,
        () -> RecordCodec.encode(RecordKind.PUT, 1, 1, 1, 1, 0, key, none, target));
    assertThrows(
        IllegalArgumentException.class,
        () -> RecordCodec.encode(RecordKind.PUT, 1, 1, 0, 0x10000, 0, key, none, target));
    assertEquals(0, target.position());
  }

  @Test
  void bufferKeepsRecordsWhileItGrows() {
    RecordBuffer buffer = new RecordBuffer(64);
    int[] offsets = new int[100];
    for (int i = 0; i < offsets.length; i++) {
      offsets[i] =
          buffer.add(
              new LogRecord(RecordKind.PUT, i, 1, 0, 1, 0, new byte[] {(byte) i}, new byte[i]));
    }
    ByteBuffer bytes = buffer.bytes();
    assertEquals(buffer.length(), bytes.remaining());
    for (int i = 0; i < offsets.length; i++) {
      assertEquals(
          RecordCodec.Check.WHOLE,
          RecordCodec.check(bytes, offsets[i], bytes.limit() - offsets[i]));
      assertEquals(i, RecordCodec.sequence(bytes, offsets[i]));
    }
    assertTrue(bytes.isReadOnly());
    buffer.clear();
    assertEquals(0, buffer.length());
  }

  private static ByteBuffer encoded(LogRecord record) {
    ByteBuffer buffer = ByteBuffer.allocate(record.encodedLength()).order(ByteOrder.LITTLE_ENDIAN);
    RecordCodec.encode(record, buffer);
    assertEquals(0, buffer.remaining());
    return buffer;
  }
}
