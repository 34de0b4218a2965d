package dev.varve.history;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Histories made by hand, good and bad. */
class HistoryCheckTest {
  private static final String KEY = "a";

  private final History history = new History();

  private void put(String value, long sequence) {
    history.put("w", KEY, value).written(sequence);
  }

  private void delete(long sequence) {
    history.delete("w", KEY).written(sequence);
  }

  private void read(@Nullable String value, long sequence) {
    history.get("r", KEY).read(value, sequence);
  }

  private Operation putIf(String value, long ifSequence) {
    return history.write("w", List.of(Change.put(KEY, value).ifSequence(ifSequence)));
  }

  private void accepted() {
    Verdict verdict = HistoryCheck.check(history);
    assertEquals(Verdict.Kind.LINEARIZABLE, verdict.kind(), verdict.explanation());
  }

  /** Rejected, with an explanation that says so. */
  private void rejected(String... parts) {
    Verdict verdict = HistoryCheck.check(history);
    assertEquals(Verdict.Kind.VIOLATED, verdict.kind());
    for (String part : parts) {
      assertTrue(verdict.explanation().contains(part), verdict.explanation());
    }
  }

  @Test
  void acceptsNothingAtAll() {
    accepted();
  }

  @Test
  void acceptsWhatHappensOneAfterTheOther() {
    read(null, 0);
    put("x", 3);
    read("x", 3);
    delete(4);
    read(null, 0);
    put("x", 9);
    read("x", 9);
    accepted();
  }

  @Test
  void aDeleteThatWasTriedOnceExplainsNoValueThatComesBack() {
    put("x", 0);
    history.delete("w", KEY).unknown();
    read("x", 0);
    read(null, 0);
    read("x", 0);
    rejected("-> x", "-> nothing", "delete a -> unknown");
  }

  @Test
  void aDeleteThatWasTriedOnceExplainsNoValueThatComesBackWithItsSequence() {
    put("x", 5);
    history.delete("w", KEY).unknown();
    read(null, 0);
    read("x", 5);
    rejected("get a -> x of sequence 5");
  }

  @Test
  void anUnknownWriteHappensOnce() {
    history.put("w", KEY, "u").unknown();
    put("x", 0);
    read("u", 0);
    put("y", 0);
    read("y", 0);
    read("u", 0);
    rejected("-> u");
  }

  @Test
  void anUnknownWriteHasOneSequence() {
    history.put("w", KEY, "u").unknown();
    read("u", 4);
    read("u", 7);
    rejected("-> u of sequence 7");
  }

  @Test
  void twoUnknownWritesOfOneValueHappenTwice() {
    history.put("w", KEY, "u").unknown();
    history.put("w", KEY, "u").unknown();
    read("u", 4);
    put("x", 5);
    read("u", 7);
    accepted();
  }

  @Test
  void anUnknownWriteMayHappenLateOrNever() {
    history.put("w", KEY, "u").unknown();
    history.put("w", KEY, "never").unknown();
    put("x", 2);
    read("x", 2);
    delete(5);
    read(null, 0);
    read("u", 8);
    accepted();
  }

  @Test
  void anUnknownWriteDoesNotHappenBeforeItIsTried() {
    read("u", 0);
    history.put("w", KEY, "u").unknown();
    rejected("get a -> u");
  }

  @Test
  void aWriteThatCertainlyDidNotHappenIsNotRead() {
    history.put("w", KEY, "x").failed();
    read("x", 0);
    rejected("get a -> x");
  }

  @Test
  void anAcknowledgedWriteIsNotLost() {
    put("x", 0);
    put("y", 0);
    read("x", 0);
    rejected("put a=y -> ok", "get a -> x");
  }

  @Test
  void theFirstAcknowledgedWriteIsNotLost() {
    put("x", 2);
    read(null, 0);
    rejected("get a -> nothing");
  }

  @Test
  void aReadMayNotGoBack() {
    Operation write = history.put("w", KEY, "y");
    put("x", 0);
    read("y", 0);
    read("x", 0);
    write.written(0);
    read("y", 0);
    rejected("get a -> ");
  }

  @Test
  void aReadSeesNothingStale() {
    put("x", 3);
    put("y", 4);
    read("x", 3);
    rejected("get a -> x of sequence 3");
  }

  @Test
  void aValueThatNobodyWroteIsNotRead() {
    put("x", 1);
    read("z", 2);
    rejected("get a -> z of sequence 2");
  }

  @Test
  void anotherKeysValueIsNotRead() {
    history.put("w", "b", "x").written(1);
    read("x", 1);
    rejected("a version of a is another key's write");
  }

  @Test
  void concurrentWritesMayHappenInAnyOrderButOne() {
    Operation first = history.put("w1", KEY, "x");
    Operation second = history.put("w2", KEY, "y");
    first.written(0);
    second.written(0);
    read("x", 0);
    read("x", 0);
    accepted();
    read("y", 0);
    rejected("get a -> y");
  }

  @Test
  void sequencesDecideBetweenConcurrentWrites() {
    Operation first = history.put("w1", KEY, "x");
    Operation second = history.put("w2", KEY, "y");
    first.written(4);
    second.written(5);
    read("x", 4);
    rejected("get a -> x of sequence 4");
  }

  @Test
  void aReadNamesTheSequenceOfItsValue() {
    put("x", 4);
    read("x", 5);
    rejected("The values alone can be explained");
  }

  @Test
  void sequencesGrowWithTime() {
    put("x", 4);
    history.put("w", "b", "y").written(3);
    rejected("not after one that was named before");
  }

  @Test
  void aSequenceIsAcknowledgedOnce() {
    Operation other = history.put("w", "b", "y");
    put("x", 4);
    other.written(4);
    rejected("acknowledged twice");
  }

  @Test
  void conditionsSeeWhatTheyName() {
    putIf("x", 0).written(3);
    putIf("y", 3).written(6);
    putIf("z", 3).refused(KEY, 6);
    putIf("z", 0).refused(KEY, 6);
    history.write("w", List.of(Change.delete(KEY).ifSequence(6))).written(8);
    putIf("z", 6).refused(KEY, 0);
    read(null, 0);
    accepted();
  }

  @Test
  void aConditionThatDidNotHoldIsNotAcknowledged() {
    put("x", 3);
    put("y", 4);
    putIf("z", 3).written(5);
    rejected("put a=z if at 3 -> ok, sequence 5");
  }

  @Test
  void putIfAbsentIsNotAcknowledgedTwice() {
    Operation first = putIf("x", 0);
    Operation second = putIf("y", 0);
    first.written(0);
    second.written(0);
    rejected("if absent -> ok");
  }

  @Test
  void aRefusalNamesAVersionThatIsCurrent() {
    put("x", 3);
    putIf("z", 2).refused(KEY, 4);
    rejected("refused, a is at 4");
  }

  @Test
  void aRefusalMayNameTheVersionOfAnUnknownWriteWhichIsThenThere() {
    put("x", 3);
    history.put("w", KEY, "u").unknown();
    putIf("z", 3).refused(KEY, 4);
    read("u", 4);
    accepted();
    read("x", 3);
    rejected("x of sequence 3");
  }

  @Test
  void aRefusalThatNamesAVersionWhichIsCutLaterIsWrong() {
    put("x", 3);
    history.put("w", KEY, "u").unknown();
    putIf("z", 3).refused(KEY, 4);
    read("x", 3);
    rejected("refused, a is at 4", "get a -> x of sequence 3", "put a=u -> unknown");
  }

  @Test
  void aRefusalFromAnOldStateIsWrong() {
    put("x", 3);
    put("y", 4);
    putIf("z", 2).refused(KEY, 3);
    rejected("refused, a is at 3");
  }

  @Test
  void aRefusalNamesAnotherVersionThanTheOneItWants() {
    put("x", 3);
    putIf("z", 3).refused(KEY, 3);
    rejected("although the condition holds");
  }

  @Test
  void anUnknownConditionalWriteHappensOnlyIfItsConditionHolds() {
    put("x", 3);
    putIf("u", 0).unknown();
    read("u", 0);
    rejected("get a -> u");
  }

  @Test
  void anUnknownConditionalWriteMayFollowAnUnknownDelete() {
    put("x", 3);
    history.delete("w", KEY).unknown();
    putIf("u", 0).unknown();
    read("u", 7);
    accepted();
    read("x", 3);
    rejected("x of sequence 3");
  }

  @Test
  void aBatchThatWasSeenInOneKeyIsSeenInTheOther() {
    history.put("w", "b", "old").written(2);
    Operation batch = history.write("w", List.of(Change.put(KEY, "x"), Change.put("b", "y")));
    read("x", 3);
    history.get("r", "b").read("old", 2);
    batch.written(3);
    rejected("b is older than at sequence 3");
  }

  @Test
  void aBatchOfUnknownOutcomeThatWasSeenInOneKeyIsSeenInTheOther() {
    history.write("w", List.of(Change.put(KEY, "x"), Change.put("b", "y"))).unknown();
    read("x", 3);
    history.get("r", "b").read(null, 0);
    rejected("b is older than at sequence 3");
  }

  @Test
  void aBatchIsAcceptedWhereItsKeysAgree() {
    Operation batch = history.write("w", List.of(Change.put(KEY, "x"), Change.delete("b")));
    history.get("r", "b").read(null, 0);
    read(null, 0);
    read("x", 3);
    history.get("r", "b").read(null, 0);
    batch.written(3);
    history.put("w", "b", "z").written(5);
    history.get("r", "b").read("z", 5);
    accepted();
  }

  @Test
  void somethingThatWasNeverAnsweredIsUnknown() {
    history.put("w", KEY, "x");
    history.get("r", KEY);
    read(null, 0);
    read("x", 4);
    accepted();
  }

  @Test
  void manyUnknownWritesThatNobodySeesCostNothing() {
    for (int i = 0; i < 500; i++) {
      history.put("w", KEY, "unseen-" + i).unknown();
      history.delete("w", KEY).unknown();
      put("x" + i, 0);
      read("x" + i, 0);
    }
    Verdict verdict = HistoryCheck.check(history);
    assertEquals(Verdict.Kind.LINEARIZABLE, verdict.kind(), verdict.explanation());
    assertTrue(verdict.states() < 5_000, verdict.states() + " states");
  }

  @Test
  void manyUnknownDeletesAreOneKind() {
    for (int i = 0; i < 200; i++) {
      history.delete("w", KEY).unknown();
    }
    for (int i = 0; i < 200; i++) {
      put("x" + i, 0);
      read(null, 0);
    }
    Verdict verdict = HistoryCheck.check(history);
    assertEquals(Verdict.Kind.LINEARIZABLE, verdict.kind(), verdict.explanation());
    assertTrue(verdict.states() < 5_000, verdict.states() + " states");
    put("last", 0);
    read(null, 0);
    rejected("put a=last -> ok", "get a -> nothing");
  }

  @Test
  void aSearchThatIsTooLargeIsNoSuccess() {
    History concurrent = new History();
    List<Operation> writes =
        IntStream.range(0, 20).mapToObj(i -> concurrent.put("w" + i, KEY, "v" + i)).toList();
    writes.forEach(write -> write.written(0));
    concurrent.get("r", KEY).read("v3", 0);
    Verdict verdict = HistoryCheck.check(concurrent, 10_000);
    assertEquals(Verdict.Kind.TOO_LARGE, verdict.kind());
    assertTrue(verdict.explanation().contains("given up after 10001 states"));
    assertTrue(!verdict.isLinearizable());
  }

  @Test
  void moreThanSixtyFourAtOnceAreTooMany() {
    List<Operation> reads =
        IntStream.range(0, 65).mapToObj(i -> history.get("r" + i, KEY)).toList();
    reads.forEach(read -> read.read(null, 0));
    assertEquals(Verdict.Kind.TOO_LARGE, HistoryCheck.check(history).kind());
  }

  @Test
  void anExplanationShowsTheSmallestPart() {
    for (int i = 1; i <= 50; i++) {
      put("x" + i, i);
      read("x" + i, i);
    }
    put("lost", 51);
    read("x50", 50);
    put("later", 52);
    Verdict verdict = HistoryCheck.check(history);
    assertEquals(
        """
        a is older than at sequence 51, which was named before:
          [200, 201] w: put a=lost -> ok, sequence 51
          [202, 203] r: get a -> x50 of sequence 50""",
        verdict.explanation());
  }

  @Test
  void anExplanationWithoutSequencesShowsTheSmallestPart() {
    for (int i = 1; i <= 50; i++) {
      put("x" + i, 0);
      read("x" + i, 0);
    }
    put("lost", 0);
    read("x50", 0);
    put("later", 0);
    assertEquals(
        """
        a: no order of its operations explains the answer of
          [202, 203] r: get a -> x50
        before which it may have held: lost
        A part of its history that shows this, 3 of 103 operations:
          [196, 197] w: put a=x50 -> ok
          [200, 201] w: put a=lost -> ok
          [202, 203] r: get a -> x50""",
        HistoryCheck.check(history).explanation());
  }

  @Test
  void anOperationEndsOnceAndAsItsKindDoes() {
    Operation read = history.get("r", KEY);
    assertThrows(IllegalStateException.class, () -> read.written(3));
    assertThrows(IllegalStateException.class, () -> read.refused(KEY, 3));
    read.read(null, 0);
    assertThrows(IllegalStateException.class, read::failed);
    Operation write = history.put("w", KEY, "x");
    assertThrows(IllegalStateException.class, () -> write.read("x", 0));
    assertThrows(IllegalArgumentException.class, () -> write.refused("b", 3));
    List<Change> twice = List.of(Change.put(KEY, "x"), Change.delete(KEY));
    assertThrows(IllegalArgumentException.class, () -> history.write("w", twice));
  }
}
