package dev.varve.node.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizesTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "10485760, 10485760",
    "10MB, 10485760",
    "10Mi, 10485760",
    "10MiB, 10485760",
    "10M, 10485760",
    "512B, 512",
    "4KB, 4096",
    "2Gi, 2147483648",
    "1TB, 1099511627776"
  })
  void everyUnitIsAPowerOf1024(String text, long bytes) {
    assertEquals(bytes, ByteSizes.parse(text));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "MB", "-1", "1.5MB", "10 MB", "10mb", "10i", "10iB", "10XB", "ten"})
  void refusesWhatIsNoSize(String text) {
    IllegalArgumentException refusal =
        assertThrows(IllegalArgumentException.class, () -> ByteSizes.parse(text));
    assertEquals(
        "'" + text + "' is not a size such as 10485760, 10MB or 10Mi", refusal.getMessage());
  }

  @Test
  void refusesWhatNoLongHolds() {
    assertThrows(IllegalArgumentException.class, () -> ByteSizes.parse("999999999999999TB"));
  }
}
