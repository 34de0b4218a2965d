package dev.varve.store.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentIdTest {

  @Test
  void namesItsFiles() {
    SegmentId id = new SegmentId(4, 7);
    assertEquals("main/0000000004-000000000007.log", id.logPath("main"));
    assertEquals("main/0000000004-000000000007.hint", id.hintPath("main"));
    assertEquals("main/0000000004-000000000007.runs", id.runsPath("main"));
  }

  @Property
  void readsItsNameBackAndSortsLikeIt(
      @ForAll @LongRange(min = 0, max = 9_999_999_999L) long term,
      @ForAll @LongRange(min = 0, max = 999_999_999_999L) long number,
      @ForAll @LongRange(min = 0, max = 9_999_999_999L) long otherTerm) {
    SegmentId id = new SegmentId(term, number);
    SegmentId other = new SegmentId(otherTerm, number / 2);
    assertEquals(id, SegmentId.parse(id.name()));
    assertTrue(
        Integer.signum(id.compareTo(other)) == Integer.signum(id.name().compareTo(other.name())));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "4-7",
        "0000000004-000000000007.log",
        " 0000000004-000000000007",
        "0000000004-00000000000７",
        "0000000004_000000000007",
        "-000000004-000000000007",
        "00000000004-000000000007"
      })
  void refusesOtherText(String text) {
    assertThrows(IllegalArgumentException.class, () -> SegmentId.parse(text));
  }

  @Test
  void refusesNumbersThatDoNotFitTheName() {
    assertThrows(IllegalArgumentException.class, () -> new SegmentId(10_000_000_000L, 0));
    assertThrows(IllegalArgumentException.class, () -> new SegmentId(0, 1_000_000_000_000L));
    assertThrows(IllegalArgumentException.class, () -> new SegmentId(-1, 0));
  }
}
