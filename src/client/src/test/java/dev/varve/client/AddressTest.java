package dev.varve.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {
  @ParameterizedTest
  @ValueSource(strings = {"orders-0-0.orders-members.shop.svc:9090", "127.0.0.1:1", "[::1]:65535"})
  void readsWhatItPrints(String text) {
    assertEquals(text, Address.parse(text).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "host", ":9090", "host:", "host:x", "host:0", "host:65536", "::1:9090"})
  void refusesWhatIsNoAddressNamingIt(String text) {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Address.parse(text));
    assertTrue(String.valueOf(e.getMessage()).contains("'" + text + "'"), e.getMessage());
  }

  @Test
  void aKeysShardIsItsUnsignedCrc32cModuloTheShards() {
    // CRC-32C of "123456789" is 0xE3069283, the check value of the algorithm; as a signed number it
    // is negative.
    ByteString key = ByteString.copyFromUtf8("123456789");
    assertEquals((int) (0xE3069283L % 7), ShardOfKey.of(key, 7));
    assertEquals(0, ShardOfKey.of(key, 1));
  }
}
