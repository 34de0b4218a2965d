package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.Crc32c;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ImageInstallerTest {

  private static final long LAST_SEQUENCE = 7;

  private static final String MANIFEST = "_manifest/0000000000-000000000001.log";
  private static final String FIRST = "main/0000000001-000000000001.log";
  private static final String SECOND = "main/0000000001-000000000002.log";

  private final Map<String, byte[]> image = new LinkedHashMap<>();

  ImageInstallerTest() {
    image.put(MANIFEST, bytes("manifest"));
    image.put(FIRST, bytes("first segment"));
    image.put(SECOND, bytes("second"));
  }

  @Test
  void fillsAnEmptyDirectory() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    install(storage);
    assertInstalled(storage);
    for (long seed = 0; seed < 20; seed++) {
      assertInstalled(storage.crash(seed)); // durable on return
    }
  }

  @Test
  void keepsWhatIsTheSameAndReplacesWhatIsNot() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    file(storage, FIRST, "first seg");
    file(storage, SECOND, "SECOND AND LONGER");
    assertEquals(List.of(MANIFEST, FIRST + "+9", SECOND), install(storage));
    assertInstalled(storage);
  }

  @Test
  void cutsAFileThatIsLongerThanTheImage() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    file(storage, FIRST, "first segment and a tail of its own");
    install(storage);
    assertInstalled(storage);
  }

  @Test
  void removesTheOldStoresFilesAndMarksButNotWhatIsNotItsOwn() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    file(storage, "main/0000000009-000000000009.log", "old");
    file(storage, "gone/0000000009-000000000010.hint", "old");
    file(storage, "_durable", "lies about the image");
    file(storage, "_cut", "lies about the image");
    file(storage, "_member", "mine");
    file(storage, "lost+found/0000000009-000000000009.log", "not ours");
    install(storage);
    assertInstalled(storage);
    assertEquals(List.of(), storage.list("gone"));
    try (DurableMark mark = DurableMark.open(storage)) {
      assertEquals(LAST_SEQUENCE, mark.committed(), "the image's mark, not the old one");
    }
    assertFalse(storage.exists("_cut"));
    assertTrue(storage.exists("_member"));
    assertTrue(storage.exists("lost+found/0000000009-000000000009.log"));
  }

  /** A crash at any operation leaves the directory marked and the copy resumable, or done. */
  @Test
  void isResumedAfterACrashAtAnyOperation() throws IOException {
    SimulatedStorage whole = new SimulatedStorage();
    install(whole);
    long operations = whole.operations();
    for (long n = 1; n <= operations; n++) {
      SimulatedStorage storage = new SimulatedStorage();
      file(storage, "main/0000000009-000000000009.log", "old");
      storage.failOperation(storage.operations() + n, Fault.POWER_OFF);
      boolean finished = true;
      try {
        install(storage);
      } catch (IOException e) {
        finished = false;
      }
      SimulatedStorage after = storage.crash(n);
      if (!finished && !after.exists(ImageInstaller.MARKER) && after.exists(FIRST)) {
        assertInstalled(after); // only the last steps were cut off
      }
      install(after);
      assertInstalled(after);
    }
  }

  @Test
  void refusesGapsUnknownFilesPathsOutsideAndAnUnfinishedEnd() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    List<ImageFile> files = List.of(new ImageFile(FIRST, 13));
    try (ImageInstaller installer = ImageInstaller.begin(storage, files)) {
      ByteBuffer some = ByteBuffer.wrap(bytes("x"));
      assertThrows(IllegalArgumentException.class, () -> installer.write(FIRST, 5, some));
      assertThrows(IllegalArgumentException.class, () -> installer.write(SECOND, 0, some));
      assertThrows(IllegalStateException.class, () -> installer.finish(LAST_SEQUENCE));
      assertTrue(storage.exists(ImageInstaller.MARKER));
    }
    assertThrows(
        IOException.class, () -> ImageInstaller.begin(storage, List.of(new ImageFile("../x", 1))));
  }

  /** Guard: {@code isIntact} in {@code finish}; damage would spread from a member to others. */
  @Test
  void whatHasAnotherChecksumThanTheSourcesManifestSaysIsNotInstalled() throws IOException {
    SimulatedStorage storage = new SimulatedStorage();
    byte[] right = bytes("first segment");
    int crc = Crc32c.of(ByteBuffer.wrap(right));
    List<ImageFile> files = List.of(new ImageFile(FIRST, right.length, crc));
    try (ImageInstaller installer = ImageInstaller.begin(storage, files)) {
      installer.write(FIRST, 0, ByteBuffer.wrap(bytes("first s")));
      installer.write(FIRST, 7, ByteBuffer.wrap(bytes("fgment")));
      assertFalse(installer.isIntact(FIRST));
      CorruptionException refused =
          assertThrows(CorruptionException.class, () -> installer.finish(LAST_SEQUENCE));
      assertEquals(FIRST, refused.file());
      assertTrue(storage.exists(ImageInstaller.MARKER));
    }
    assertEquals(0, storage.contents(FIRST).length);
    storage.delete(FIRST);
    file(storage, FIRST, "first s");
    try (ImageInstaller resumed = ImageInstaller.begin(storage, files)) {
      resumed.write(FIRST, 7, ByteBuffer.wrap(bytes("egment")));
      assertTrue(resumed.isIntact(FIRST)); // what was there before is read
      resumed.finish(LAST_SEQUENCE);
    }
    assertArrayEquals(right, storage.contents(FIRST));
  }

  /** Copies the image; answers what was sent, with the offset where it was not all of a file. */
  private List<String> install(SimulatedStorage storage) throws IOException {
    List<ImageFile> files =
        image.entrySet().stream().map(e -> new ImageFile(e.getKey(), e.getValue().length)).toList();
    List<String> sent = new ArrayList<>();
    try (ImageInstaller installer = ImageInstaller.begin(storage, files)) {
      for (ImageFile file : files) {
        byte[] bytes = bytesOf(file.path());
        int local = (int) installer.localLength(file.path());
        if (local > 0
            && installer.localCrc(file.path()) != Crc32c.of(ByteBuffer.wrap(bytes), 0, local)) {
          installer.discard(file.path());
          local = 0;
        }
        if (local < bytes.length) {
          sent.add(file.path() + (local == 0 ? "" : "+" + local));
          int middle = (local + bytes.length) / 2;
          installer.write(file.path(), local, ByteBuffer.wrap(bytes, local, middle - local));
          installer.write(
              file.path(), middle, ByteBuffer.wrap(bytes, middle, bytes.length - middle));
        }
      }
      installer.finish(LAST_SEQUENCE);
    }
    return sent;
  }

  private byte[] bytesOf(String path) {
    byte[] bytes = image.get(path);
    if (bytes == null) {
      throw new AssertionError(path);
    }
    return bytes;
  }

  private void assertInstalled(SimulatedStorage storage) throws IOException {
    assertFalse(storage.exists(ImageInstaller.MARKER));
    for (Map.Entry<String, byte[]> file : image.entrySet()) {
      assertArrayEquals(file.getValue(), storage.contents(file.getKey()), file.getKey());
    }
    assertEquals(2, storage.list("main").size());
  }

  private static void file(SimulatedStorage storage, String path, String text) throws IOException {
    int slash = path.indexOf('/');
    if (slash > 0) {
      storage.createDirectory(path.substring(0, slash));
    }
    storage.syncDirectory("");
    try (StorageFile file = storage.create(path)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(bytes(text))}, 0);
      file.sync();
    }
    storage.syncDirectory(slash > 0 ? path.substring(0, slash) : "");
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
