package dev.varve.store.format;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class Crc32cTest {

  /** The check value that every description of CRC-32C gives. */
  @Test
  void hasTheKnownCheckValue() {
    assertEquals(0xE3069283, Crc32c.of(ByteBuffer.wrap("123456789".getBytes(US_ASCII))));
  }

  @Property
  void combinesLikeOneString(@ForAll byte[] first, @ForAll byte[] second) {
    ByteBuffer both = ByteBuffer.allocateDirect(first.length + second.length);
    both.put(first).put(second).flip();
    assertEquals(
        Crc32c.of(both),
        Crc32c.combine(
            Crc32c.of(ByteBuffer.wrap(first)), Crc32c.of(ByteBuffer.wrap(second)), second.length));
  }

  @Test
  void combinesLongStrings() {
    byte[] zeros = new byte[5_000_000];
    ByteBuffer all = ByteBuffer.wrap(zeros);
    assertEquals(
        Crc32c.of(all),
        Crc32c.combine(Crc32c.of(all, 0, 17), Crc32c.of(all, 17, 4_999_983), 4_999_983));
  }
}
