package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
  @ParameterizedTest
  @CsvSource({
    "0,0",
    "4096,4096",
    "5B,5",
    "10Mi,10485760",
    "10MB,10485760",
    "10mib,10485760",
    "10M,10485760",
    "1Ki,1024",
    "2G,2147483648",
    "1Ti,1099511627776",
    "8191Pi,-1",
  })
  void allUnitsCountIn1024s(String text, long bytes) {
    if (bytes < 0) {
      assertThrows(UsageException.class, () -> ByteSize.parse(text));
    } else {
      assertEquals(bytes, ByteSize.parse(text).bytes());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10Xi", "-1", "1.5Mi", "Mi", "10 Mi", "9999999999Ti"})
  void refusesWhatIsNoSize(String text) {
    assertThrows(UsageException.class, () -> ByteSize.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "0,0B",
    "1023,1023B",
    "1024,1Ki",
    "1536,1.5Ki",
    "469762048,448Mi",
    "1363148800,1.27Gi",
    "1048575,1Mi",
    "-1024,-1Ki",
    "10240,10Ki",
  })
  void printsThreeDigits(long bytes, String text) {
    assertEquals(text, ByteSize.format(bytes));
  }

  @ParameterizedTest
  @CsvSource({
    "500ms,500",
    "90s,90000",
    "10m,600000",
    "3h,10800000",
    "7d,604800000",
    "1h30m,5400000"
  })
  void readsDurations(String text, long millis) {
    assertEquals(millis, TimeSpan.parse(text).toMillis());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "90", "1w", "-1s", "1.5h", "s", "1h 30m", "999999999999d999999999999d"})
  void refusesWhatIsNoDuration(String text) {
    assertThrows(UsageException.class, () -> TimeSpan.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "12,12ms",
    "8200,8.2s",
    "59999,59.9s",
    "60000,1m 00s",
    "7800000,2h 10m",
    "356400000,4d 3h"
  })
  void printsDurations(long millis, String text) {
    assertEquals(text, TimeSpan.format(millis));
  }
}
