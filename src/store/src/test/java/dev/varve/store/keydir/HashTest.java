package dev.varve.store.keydir;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HashTest {

  /** Known values of XXH64 with seed 0. */
  @ParameterizedTest
  @CsvSource({
    "'', ef46db3751d8e999",
    "a, d24ec4f1a98c6e5b",
    "abc, 44bc2cf5ad770999",
    "Nobody inspects the spammish repetition, fbcea83c8a378bf1"
  })
  void isXxh64(String text, String hex) {
    byte[] bytes = text.getBytes(US_ASCII);
    assertEquals(hex, Long.toHexString(Hash.of(bytes)));
    ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length + 3).position(3);
    direct.put(bytes).position(3);
    assertEquals(hex, Long.toHexString(Hash.of(direct)));
  }

  @Test
  void readsPartOfAnArrayAlone() {
    byte[] key = "the quick brown fox jumps over the lazy dog".getBytes(US_ASCII);
    byte[] padded = new byte[key.length + 20];
    Arrays.fill(padded, (byte) 0xFF);
    System.arraycopy(key, 0, padded, 7, key.length);
    assertEquals(Hash.of(key), Hash.of(padded, 7, key.length));
    assertEquals(Hash.of(key), Hash.of(ByteBuffer.wrap(padded, 7, key.length)));
  }
}
