package dev.varve.store.simulation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SimulatedStorageTest {

  @Test
  void whatWasSyncedSurvivesEveryCrash() throws IOException {
    for (long seed = 0; seed < 200; seed++) {
      SimulatedStorage storage = new SimulatedStorage();
      storage.createDirectory("main");
      StorageFile file = storage.create("main/a");
      write(file, 0, bytes(5000, 1));
      file.sync();
      storage.syncDirectory("main");
      storage.syncDirectory("");
      write(file, 5000, bytes(3000, 2));
      SimulatedStorage left = storage.crash(seed);
      byte[] found = left.contents("main/a");
      assertTrue(found.length >= 5000, "seed " + seed);
      assertArrayEquals(bytes(5000, 1), Arrays.copyOf(found, 5000), "seed " + seed);
    }
  }

  @Test
  void unsyncedBytesAreLostWholeOrTornOrWithHoles() throws IOException {
    Set<String> outcomes = new HashSet<>();
    for (long seed = 0; seed < 300; seed++) {
      SimulatedStorage storage = new SimulatedStorage();
      StorageFile file = storage.create("a");
      storage.syncDirectory("");
      write(file, 0, bytes(2048, 1));
      byte[] found = storage.crash(seed).contents("a");
      boolean hole = false;
      for (byte b : found) {
        hole |= b == 0;
      }
      outcomes.add(
          hole ? "hole" : found.length == 0 ? "lost" : found.length == 2048 ? "whole" : "torn");
      assertTrue(found.length % 512 == 0, "torn within a sector, seed " + seed);
    }
    assertEquals(Set.of("lost", "torn", "whole", "hole"), outcomes);
  }

  @Test
  void unsyncedNamesMayBeLostAndDeletedOnesComeBack() throws IOException {
    Set<String> outcomes = new HashSet<>();
    for (long seed = 0; seed < 200; seed++) {
      SimulatedStorage storage = new SimulatedStorage();
      storage.create("old").close();
      storage.syncDirectory("");
      storage.create("new").close();
      storage.delete("old");
      outcomes.add(storage.crash(seed).list("").toString());
    }
    assertEquals(Set.of("[old]", "[new]", "[new, old]", "[]"), outcomes);
  }

  @Test
  void renameIsAllOrNothing() throws IOException {
    Set<String> outcomes = new HashSet<>();
    for (long seed = 0; seed < 100; seed++) {
      SimulatedStorage storage = new SimulatedStorage();
      storage.create("from").close();
      storage.syncDirectory("");
      storage.rename("from", "to");
      outcomes.add(storage.crash(seed).list("").toString());
    }
    assertEquals(Set.of("[from]", "[to]"), outcomes);
  }

  @Test
  void sameSeedSameCrash() throws IOException {
    for (long seed = 0; seed < 20; seed++) {
      assertArrayEquals(crashed(seed), crashed(seed));
    }
  }

  private static byte[] crashed(long seed) throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    StorageFile file = storage.create("a");
    storage.syncDirectory("");
    for (int i = 0; i < 10; i++) {
      write(file, i * 700L, bytes(700, i + 1));
    }
    return storage.crash(seed).contents("a");
  }

  /** Pitfall 10: without this the simulation would see no guard against it go. */
  @Test
  void failedSyncLosesItsBytesEvenIfALaterOneSucceeds() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    StorageFile file = storage.create("a");
    storage.syncDirectory("");
    write(file, 0, bytes(1024, 1));
    storage.failOperation(storage.operations() + 1, Fault.FAILED_SYNC);
    assertThrows(IOException.class, file::sync);
    file.sync();
    assertArrayEquals(bytes(1024, 1), storage.contents("a"), "reads still see it");
    assertEquals(0, storage.crash(1).contents("a").length);
  }

  @Test
  void powerOffStopsEverythingFromThatOperationOn() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    StorageFile file = storage.create("a");
    storage.failOperation(2, Fault.POWER_OFF);
    assertThrows(IOException.class, () -> write(file, 0, bytes(10, 1)));
    assertThrows(IOException.class, file::sync);
    assertThrows(IOException.class, () -> storage.list(""));
    SimulatedStorage left = storage.crash(3);
    assertEquals(0, left.operations());
    left.list("");
    assertEquals(1, left.operations());
  }

  @Test
  void capacityRefusesGrowthButNotOverwriting() throws IOException {
    SimulatedStorage storage = new SimulatedStorage(1000);
    StorageFile file = storage.create("a");
    write(file, 0, bytes(900, 1));
    assertThrows(DiskFullException.class, () -> write(file, 900, bytes(200, 2)));
    assertTrue(file.size() >= 900 && file.size() <= 1000, "part of it may be there");
    file.truncate(900);
    assertEquals(100, storage.usableBytes());
    write(file, 0, bytes(900, 3));
    write(file, 900, bytes(100, 4));
    assertThrows(DiskFullException.class, () -> storage.create("b"));
    storage.delete("a");
    storage.create("b").close();
  }

  @Test
  void failsByPredicateUntilCleared() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    storage.failWhen(
        o -> o.kind() == Operation.Kind.CREATE && o.path().endsWith(".tmp"), Fault.IO_ERROR);
    storage.create("a").close();
    assertThrows(IOException.class, () -> storage.create("a.tmp"));
    assertFalse(storage.exists("a.tmp"));
    storage.clearFaults();
    storage.create("a.tmp").close();
  }

  @Test
  void flippedBitSurvivesACrash() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    StorageFile file = storage.create("a");
    write(file, 0, bytes(10, 1));
    file.sync();
    storage.syncDirectory("");
    storage.flipBit("a", 8 * 3 + 1);
    assertEquals(3, storage.crash(1).contents("a")[3]);
  }

  @Test
  void clonesAreWhatACrashOrAKillWouldLeaveAndTheStorageGoesOn() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    StorageFile file = storage.create("a");
    storage.syncDirectory("");
    write(file, 0, bytes(10, 1));
    file.sync();
    write(file, 0, bytes(2000, 2));
    storage.create("b").close();
    SimulatedStorage killed = storage.killClone();
    SimulatedStorage crashed = storage.crashClone(7);
    write(file, 0, bytes(1, 3));
    assertEquals(List.of("a", "b"), killed.files());
    assertArrayEquals(bytes(2000, 2), killed.contents("a"));
    assertArrayEquals(bytes(2000, 2), killed.crash(1).contents("a"), "all of it is durable");
    assertEquals(3, storage.contents("a")[0]);
    StorageFile again = crashed.open("a");
    write(again, 0, bytes(1, 4));
    again.sync();
    assertEquals(3, storage.contents("a")[0], "a clone shares no bytes");
  }

  private static void write(StorageFile file, long offset, byte[] bytes) throws IOException {
    file.write(new ByteBuffer[] {ByteBuffer.wrap(bytes)}, offset);
  }

  private static byte[] bytes(int length, int value) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }
}
