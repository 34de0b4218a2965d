package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class EntryWindowTest {
  private static final int BYTES = 100;

  private static LogEntry entry(long sequence) {
    return new LogEntry(
        sequence, 1, List.of(new Chunk("main/a.log", sequence, ByteBuffer.allocate(BYTES))));
  }

  private static List<LogEntry> entries(long from, long to) {
    List<LogEntry> entries = new ArrayList<>();
    for (long sequence = from; sequence <= to; sequence++) {
      entries.add(entry(sequence));
    }
    return entries;
  }

  /** Two chunks, of lengths that fill blocks unevenly; all bytes tell which entry it is. */
  private static LogEntry uneven(long sequence, long term, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) (sequence * 31 + term));
    String path = "main/" + sequence / 700 + ".log";
    return new LogEntry(
        sequence,
        term,
        List.of(
            new Chunk(path, sequence * 7, ByteBuffer.wrap(bytes, 0, length / 3)),
            new Chunk("manifest", sequence, ByteBuffer.wrap(bytes, length / 3, length / 2))));
  }

  private static List<Long> sequences(EntryWindow window, long after, int maxBytes) {
    List<LogEntry> found = window.after(after, maxBytes);
    assertNotNull(found);
    return found.stream().map(LogEntry::sequence).toList();
  }

  @Test
  void givesAtLeastOneEntryAndNoMoreThanAsked() {
    EntryWindow window = new EntryWindow(10 * BYTES, 0);
    window.add(entries(1, 5));
    assertEquals(List.of(3L, 4L), sequences(window, 2, 2 * BYTES));
    assertEquals(List.of(3L), sequences(window, 2, 1));
    assertEquals(List.of(), sequences(window, 5, BYTES));
    assertNull(window.after(6, BYTES));
  }

  @Test
  void forgetsTheOldestOfWhatIsApplied() {
    EntryWindow window = new EntryWindow(10 * BYTES, 0);
    window.add(entries(1, 50));
    window.applied(50);
    assertNull(window.after(39, BYTES));
    assertEquals(List.of(41L), sequences(window, 40, BYTES));
  }

  /** Another member could get what no image has from nowhere else. */
  @Test
  void keepsWhatIsNotAppliedHoweverMuchItIs() {
    EntryWindow window = new EntryWindow(10 * BYTES, 0);
    window.add(entries(1, 200));
    assertEquals(List.of(1L), sequences(window, 0, BYTES));
    window.applied(150);
    assertNull(window.after(149, BYTES));
    assertEquals(50, sequences(window, 150, Integer.MAX_VALUE).size());
  }

  @Test
  void agreesWithAPlainQueue() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    EntryWindow window = new EntryWindow(50 * BYTES, 7);
    ArrayDeque<Long> expected = new ArrayDeque<>();
    long last = 7;
    long applied = 7;
    long dropped = 7;
    for (int step = 0; step < 5_000; step++) {
      switch (random.nextInt(4)) {
        case 0, 1 -> {
          int count = random.nextInt(20);
          window.add(entries(last + 1, last + count));
          for (int i = 0; i < count; i++) {
            last++;
            expected.add(last);
          }
        }
        case 2 -> {
          applied = random.nextLong(applied, last + 1);
          window.applied(applied);
        }
        default -> {
          last = random.nextLong(applied, last + 1);
          window.cutAfter(last);
          while (!expected.isEmpty() && expected.getLast() > last) {
            expected.removeLast();
          }
        }
      }
      while (expected.size() > 50 && expected.getFirst() <= applied) {
        dropped = expected.removeFirst();
      }
      assertEquals(
          List.copyOf(expected),
          sequences(window, dropped, Integer.MAX_VALUE),
          "seed " + seed + ", step " + step);
    }
  }

  /** Guards: {@code EntryBlock.cut}, and {@code EntryWindow.release} of none that has an entry. */
  @Test
  void givesBackWhatItTookThroughManyBlocks() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    EntryWindow window = new EntryWindow(3 << 20, 0);
    ArrayDeque<LogEntry> expected = new ArrayDeque<>();
    long last = 0;
    long applied = 0;
    for (int step = 0; step < 400; step++) {
      long term = step + 1L;
      if (random.nextInt(4) > 0) {
        List<LogEntry> group = new ArrayList<>();
        for (int i = random.nextInt(40); i > 0; i--) {
          int length = random.nextInt(50) == 0 ? 3 << 19 : random.nextInt(6, 40_000);
          group.add(uneven(++last, term, length));
        }
        window.add(group);
        expected.addAll(group);
      } else {
        last = random.nextLong(applied, last + 1);
        window.cutAfter(last);
        while (!expected.isEmpty() && expected.getLast().sequence() > last) {
          expected.removeLast();
        }
      }
      applied = random.nextLong(applied, last + 1);
      window.applied(applied);
      while (!expected.isEmpty() && expected.getFirst().sequence() <= window.droppedUpTo()) {
        expected.removeFirst();
      }
      assertEquals(
          List.copyOf(expected),
          window.after(window.droppedUpTo(), Integer.MAX_VALUE),
          "seed " + seed + ", step " + step);
    }
  }

  /** Guard: {@code EntryBlock.entry} copies; a sender may be slower than the window. */
  @Test
  void whatWasGivenStaysWhenItsBlockIsUsedAgain() {
    EntryWindow window = new EntryWindow(1 << 20, 0);
    List<LogEntry> given = null;
    for (long sequence = 1; sequence <= 500; sequence++) {
      window.add(List.of(uneven(sequence, 1, 30_000)));
      window.applied(sequence);
      if (sequence == 100) {
        given = window.after(90, Integer.MAX_VALUE);
      }
    }
    assertNotNull(given);
    for (LogEntry entry : given) {
      assertEquals(uneven(entry.sequence(), 1, 30_000), entry);
    }
  }
}
