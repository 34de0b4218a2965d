package dev.varve.store.keydir;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeydirTest {

  private static final Match YES = candidate -> true;
  private static final Match NO = candidate -> false;

  @ParameterizedTest
  @ValueSource(ints = {10_000, 100_000, 1_000_000})
  void takesAtMostTwentyBytesAKey(int keys) throws IOException {
    try (Keydir keydir = new Keydir()) {
      for (int i = 0; i < keys; i++) {
        assertNull(keydir.put(hash(i), at(i), NO));
      }
      assertEquals(keys, keydir.size());
      double each = (double) keydir.bytes() / keys;
      assertTrue(each <= 20.0, each + " bytes a key");
      for (int i = 0; i < keys; i++) {
        assertEquals(at(i), keydir.get(hash(i), YES));
      }
      for (int i = keys; i < keys + 1000; i++) {
        assertNull(keydir.get(hash(i), YES));
      }
    }
  }

  /** The bound holds while it grows, not only at round numbers. */
  @Test
  void takesAtMostTwentyBytesAKeyOnTheWay() throws IOException {
    try (Keydir keydir = new Keydir()) {
      for (int i = 1; i <= 700_000; i++) {
        keydir.put(hash(i), at(i), NO);
        if (i >= 10_000 && i % 1_000 == 0) {
          assertTrue(keydir.bytes() <= 20.0 * i, keydir.bytes() / (double) i + " at " + i);
        }
      }
    }
  }

  @Test
  void givesMemoryBackWhenEntriesGo() throws IOException {
    try (Keydir keydir = new Keydir()) {
      for (int i = 0; i < 200_000; i++) {
        keydir.put(hash(i), at(i), NO);
      }
      for (int i = 0; i < 200_000; i++) {
        if (i % 10 != 0) {
          assertTrue(keydir.replace(hash(i), at(i), null));
        }
      }
      assertEquals(20_000, keydir.size());
      assertTrue(keydir.bytes() <= 30 * 20_000, keydir.bytes() + " bytes");
      for (int i = 0; i < 200_000; i++) {
        assertEquals(i % 10 == 0 ? at(i) : null, keydir.get(hash(i), YES));
      }
    }
  }

  @Test
  void expectedKeysNeedNoGrowth() throws IOException {
    try (Keydir keydir = new Keydir(100_000)) {
      long before = keydir.bytes();
      for (int i = 0; i < 90_000; i++) {
        keydir.put(hash(i), at(i), NO);
      }
      assertTrue(keydir.bytes() <= before * 1.02);
    }
  }

  @Test
  void behavesLikeAMap() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Map<Long, Location> model = new HashMap<>();
    try (Keydir keydir = new Keydir()) {
      for (int step = 0; step < 400_000; step++) {
        long hash = hash(random.nextInt(60_000));
        Location expected = model.get(hash);
        switch (random.nextInt(5)) {
          case 0, 1 -> {
            Location now = at(random.nextInt());
            assertEquals(expected, keydir.put(hash, now, YES), "seed " + seed);
            model.put(hash, now);
          }
          case 2 -> assertEquals(expected, keydir.get(hash, YES), "seed " + seed);
          case 3 -> {
            if (expected != null) {
              assertTrue(keydir.holds(hash, expected), "seed " + seed);
              assertTrue(keydir.replace(hash, expected, null), "seed " + seed);
              model.remove(hash);
            }
          }
          default -> {
            Location now = at(random.nextInt());
            if (expected == null || !now.equals(expected)) {
              assertFalse(keydir.replace(hash, now, at(1)), "seed " + seed);
              assertFalse(keydir.holds(hash, now), "seed " + seed);
            }
          }
        }
      }
      assertEquals(model.size(), keydir.size());
      Map<Long, Location> copied = new HashMap<>();
      for (int partition = 0; partition < keydir.partitions(); partition++) {
        for (Located located : keydir.copy(partition)) {
          assertEquals(partition, keydir.partitionOf(located.hashBits()));
          assertTrue(keydir.holds(located.hashBits(), located.location()));
          copied.put(located.hashBits(), located.location());
        }
      }
      Map<Long, Location> expected = new HashMap<>();
      model.forEach((hash, location) -> expected.put(hash >>> 5 << 5, location));
      assertEquals(expected, copied, "seed " + seed);
    }
  }

  @Test
  void keysOfTheSameHashAreToldApartByTheRecord() throws IOException {
    try (Keydir keydir = new Keydir()) {
      long hash = hash(1);
      Location a = at(1);
      Location b = at(2);
      Location c = at(3);
      assertNull(keydir.put(hash, a, a::equals));
      assertNull(keydir.put(hash, b, b::equals));
      assertNull(keydir.put(hash, c, c::equals));
      assertEquals(b, keydir.get(hash, b::equals));
      assertEquals(b, keydir.put(hash, at(4), b::equals));
      assertTrue(keydir.replace(hash, a, null));
      assertEquals(c, keydir.get(hash, c::equals));
      assertEquals(at(4), keydir.get(hash, at(4)::equals));
      assertNull(keydir.get(hash, a::equals));
      assertEquals(2, keydir.size());
    }
  }

  @Test
  void keysChosenForTheirHashesAreFoundWithoutWaste() throws IOException {
    try (Keydir keydir = new Keydir()) {
      // All in the last sub-table, the greatest fingerprints of all: what overflows has no next
      // home.
      Set<Long> hashes = new HashSet<>();
      for (long i = 0; i < 5_000; i++) {
        hashes.add(-1L - (i << 5));
        hashes.add(0xFF00_0000_0000_0000L + (i << 5));
      }
      for (long hash : hashes) {
        assertNull(keydir.put(hash, at((int) hash), YES));
      }
      for (long hash : hashes) {
        assertEquals(at((int) hash), keydir.get(hash, YES));
      }
      assertEquals(hashes.size(), keydir.size());
      assertTrue(keydir.bytes() < 40L * hashes.size(), keydir.bytes() + " bytes");
    }
  }

  @Test
  void extremeLocationsFit() throws IOException {
    try (Keydir keydir = new Keydir()) {
      List<Location> extremes = new ArrayList<>();
      for (int segment : new int[] {0, 1, 8191, 8192, Location.SEGMENT_MAX}) {
        for (long offset : new long[] {0, (1L << 31) - 1}) {
          for (int length : new int[] {40, (16 << 20) + 4096 + 40}) {
            extremes.add(new Location(segment, offset, length, false));
            extremes.add(new Location(segment, offset, length, true));
          }
        }
      }
      for (int i = 0; i < extremes.size(); i++) {
        keydir.put(hash(i), extremes.get(i), NO);
      }
      for (int i = 0; i < extremes.size(); i++) {
        assertEquals(extremes.get(i), keydir.get(hash(i), YES));
      }
      assertThrows(IllegalArgumentException.class, () -> new Location(1 << 20, 0, 40, false));
      assertThrows(IllegalArgumentException.class, () -> new Location(0, 1L << 31, 40, false));
      assertThrows(IllegalArgumentException.class, () -> new Location(0, 0, 39, false));
    }
  }

  /**
   * Pitfall 7: the entry moved while its record was looked at; the look-up goes on at the new
   * place. Guard: {@code SubTable.get} asks again until nothing has changed.
   */
  @Test
  void lookUpFollowsAnEntryThatMoves() throws IOException {
    try (Keydir keydir = new Keydir()) {
      Location old = at(1);
      Location moved = at(2);
      keydir.put(hash(1), old, NO);
      List<Location> asked = new ArrayList<>();
      Location found =
          keydir.get(
              hash(1),
              candidate -> {
                asked.add(candidate);
                if (candidate.equals(old)) {
                  assertTrue(keydir.replace(hash(1), old, moved));
                  return false; // its segment was retired
                }
                return true;
              });
      assertEquals(moved, found);
      assertEquals(List.of(old, moved), asked);
    }
  }

  /**
   * Pitfall 7: but it never tries the same place again until lucky. Guard: {@code SubTable.get}
   * keeps what it has tried.
   */
  @Test
  void lookUpAsksOnceForAPlaceThatStays() throws IOException {
    try (Keydir keydir = new Keydir()) {
      keydir.put(hash(1), at(1), NO);
      List<Location> asked = new ArrayList<>();
      assertNull(
          keydir.get(
              hash(1),
              candidate -> {
                asked.add(candidate);
                return false;
              }));
      assertEquals(List.of(at(1)), asked);
    }
  }

  @Test
  void failureOfTheMatchChangesNothing() throws IOException {
    try (Keydir keydir = new Keydir()) {
      keydir.put(hash(1), at(1), NO);
      Match failing =
          candidate -> {
            throw new IOException("unreadable");
          };
      assertThrows(IOException.class, () -> keydir.put(hash(1), at(2), failing));
      assertThrows(IOException.class, () -> keydir.get(hash(1), failing));
      assertTrue(keydir.holds(hash(1), at(1)));
      assertEquals(1, keydir.size());
    }
  }

  @Test
  void useAfterCloseIsRefused() throws IOException {
    Keydir keydir = new Keydir();
    keydir.put(hash(1), at(1), NO);
    keydir.close();
    assertThrows(IllegalStateException.class, () -> keydir.get(hash(1), YES));
    assertThrows(IllegalStateException.class, () -> keydir.holds(hash(1), at(1)));
    assertThrows(IllegalStateException.class, () -> keydir.put(hash(1), at(1), YES));
  }

  /** An empty sub-table takes no memory whose access would tell that it is closed. */
  @Test
  void useAfterCloseIsRefusedByAnEmptyOneToo() {
    Keydir keydir = new Keydir();
    assertEquals(0, keydir.bytes());
    keydir.close();
    assertThrows(IllegalStateException.class, () -> keydir.get(hash(1), YES));
    assertThrows(IllegalStateException.class, () -> keydir.holds(hash(1), at(1)));
    assertThrows(IllegalStateException.class, () -> keydir.put(hash(1), at(1), YES));
    assertThrows(IllegalStateException.class, () -> keydir.replace(hash(1), at(1), at(2)));
    assertThrows(IllegalStateException.class, () -> keydir.copy(0));
  }

  static long hash(int key) {
    long mixed = (key + 1) * 0x9E3779B97F4A7C15L;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }

  static Location at(int number) {
    return new Location(
        (number >>> 3) & Location.SEGMENT_MAX,
        Integer.toUnsignedLong(number) >>> 1,
        40 + (number & 0xFFFF),
        (number & 1) != 0);
  }
}
