package dev.varve.store.storage;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which handles are closed when there are too many, and which never. */
class BoundedStorageTest {
  private final SimulatedStorage simulated = new SimulatedStorage();

  /** Paths that were opened by their names, as they came. */
  private final List<String> opened = new ArrayList<>();

  private BoundedStorage bounded(int max) {
    simulated.failWhen(
        operation -> {
          if (operation.kind() == Operation.Kind.OPEN) {
            opened.add(operation.path());
          }
          return false;
        },
        Fault.IO_ERROR);
    return new BoundedStorage(simulated, max);
  }

  /** A file with its own name as its bytes, synced. */
  private static StorageFile made(Storage storage, String name) throws IOException {
    StorageFile file = storage.create(name);
    write(file, name);
    file.sync();
    return file;
  }

  private static void write(StorageFile file, String text) throws IOException {
    file.write(new ByteBuffer[] {ByteBuffer.wrap(text.getBytes(UTF_8))}, 0);
  }

  private static String read(StorageFile file) throws IOException {
    ByteBuffer target = ByteBuffer.allocate(100);
    int read = file.read(target, 0);
    return new String(target.array(), 0, read, UTF_8);
  }

  @Test
  void closesWhatWasNotUsedForLongestAndOpensItWhenItIs() throws IOException {
    BoundedStorage storage = bounded(3);
    StorageFile a = made(storage, "a");
    StorageFile b = made(storage, "b");
    StorageFile c = made(storage, "c");
    made(storage, "d").close(); // all were used since they were made: it takes the first
    assertEquals("b", read(b));
    assertEquals("c", read(c));
    assertEquals(List.of(), opened);
    assertEquals("a", read(a));
    assertEquals(List.of("a"), opened);
    assertEquals(3, storage.openFiles());

    made(storage, "e").close(); // looks at all, takes b
    assertEquals("a", read(a)); // c was not used since
    StorageFile f = made(storage, "f");
    made(storage, "g").close();
    opened.clear();
    assertEquals("a", read(a));
    assertEquals("f", read(f));
    assertEquals(List.of(), opened, "those in use stay");
    assertEquals("c", read(c));
    assertEquals("b", read(b));
    assertEquals(List.of("c", "b"), opened);
    for (StorageFile file : List.of(a, b, c, f)) {
      file.close();
    }
    assertEquals(0, storage.openFiles());
  }

  /** Guard: {@code BoundedFile.wasUsed}. */
  @Test
  void passesOverWhatWasUsedSinceTheLastLook() throws IOException {
    BoundedStorage storage = bounded(3);
    StorageFile a = made(storage, "a");
    StorageFile b = made(storage, "b");
    StorageFile c = made(storage, "c");
    made(storage, "d").close(); // looks at all, takes a
    assertEquals("b", read(b));
    made(storage, "e");
    made(storage, "f").close(); // passes over b, takes c
    assertEquals("b", read(b));
    assertEquals(List.of(), opened);
    assertEquals("c", read(c));
    assertEquals("a", read(a));
    assertEquals(List.of("c", "a"), opened);
  }

  @Test
  void isUsedLikeAnyFileWhileItsHandleIsClosed() throws IOException {
    BoundedStorage storage = bounded(1);
    StorageFile a = made(storage, "a");
    StorageFile b = made(storage, "b");
    assertEquals(1, a.size());
    assertEquals(1, b.size());
    a.truncate(0);
    a.sync();
    assertEquals("b", read(b));
    write(a, "again");
    a.sync();
    assertEquals("b", read(b));
    a.sync();
    assertEquals(1, storage.openFiles());
    a.close();
    a.close();
    b.close();
    assertEquals(0, storage.openFiles());
    IOException refused = assertThrows(IOException.class, () -> read(a));
    assertEquals("a is closed", refused.getMessage());
    assertEquals("again", new String(simulated.contents("a"), UTF_8));
  }

  /** Guard: the count of changes in {@code BoundedFile.closeIfIdle}. */
  @Test
  void keepsTheHandleOfWhatIsWrittenAndNotSynced() throws IOException {
    BoundedStorage storage = bounded(1);
    StorageFile written = made(storage, "written");
    StorageFile cut = made(storage, "cut");
    write(written, "WRITTEN");
    cut.truncate(1);
    StorageFile other = made(storage, "other");
    assertEquals(3, storage.openFiles(), "more than the bound, and nothing failed");
    opened.clear();
    assertEquals("WRITTEN", read(written));
    assertEquals("c", read(cut));
    assertEquals(List.of(), opened);

    written.sync();
    cut.sync();
    made(storage, "one more").close();
    assertEquals(0, storage.openFiles(), "those that may be closed are, down to the bound");
    assertEquals("other", read(other));
    assertEquals(1, storage.openFiles());
  }

  /** A failed sync leaves bytes that no later one can be trusted with: the same as none. */
  @Test
  void keepsTheHandleOfAFailedSync() throws IOException {
    BoundedStorage storage = bounded(1);
    StorageFile file = made(storage, "file");
    write(file, "other");
    simulated.failOperation(simulated.operations() + 1, Fault.FAILED_SYNC);
    assertThrows(IOException.class, file::sync);
    made(storage, "another").close();
    opened.clear();
    assertEquals("other", read(file));
    assertEquals(List.of(), opened);
  }

  /** Guard: {@code pin} in {@code BoundedStorage.change}. */
  @Test
  void keepsHandlesOfFilesThatWereDeletedOrRenamed() throws IOException {
    BoundedStorage storage = bounded(1);
    StorageFile deleted = made(storage, "deleted");
    StorageFile moved = made(storage, "from");
    StorageFile replaced = made(storage, "to");
    made(storage, "other").close();
    storage.delete("deleted");
    storage.rename("from", "to");
    made(storage, "deleted").close();
    made(storage, "from").close();
    for (int i = 0; i < 3; i++) {
      made(storage, "more-" + i).close();
      assertEquals("deleted", read(deleted));
      assertEquals("from", read(moved));
      assertEquals("to", read(replaced));
    }
    try (StorageFile found = storage.open("to")) {
      assertEquals("from", read(found));
    }
    for (StorageFile file : List.of(deleted, moved, replaced)) {
      file.close();
    }
    assertEquals(0, storage.openFiles());
  }

  /** Guard: {@code BoundedStorage.remember} tells of the change under way. */
  @Test
  void keepsWhatIsOpenedWhileItIsDeleted() throws IOException {
    List<StorageFile> found = new ArrayList<>();
    BoundedStorage storage = bounded(1);
    made(storage, "a").close();
    simulated.failWhen(
        operation -> {
          if (operation.kind() == Operation.Kind.DELETE) {
            try {
              found.add(storage.open("a"));
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
          return false;
        },
        Fault.IO_ERROR);
    storage.delete("a");
    made(storage, "b").close();
    assertEquals("a", read(found.getFirst()));
    found.getFirst().close();
    assertThrows(NoSuchFileException.class, () -> storage.open("a"));
    assertEquals(0, storage.openFiles());
  }

  @Test
  void aFailedReopeningFailsThatCallAlone() throws IOException {
    BoundedStorage storage = bounded(1);
    StorageFile a = made(storage, "a");
    StorageFile b = made(storage, "b");
    simulated.failOperation(simulated.operations() + 1, Fault.IO_ERROR);
    IOException refused = assertThrows(IOException.class, () -> read(a));
    assertTrue(
        String.valueOf(refused.getMessage())
            .startsWith("a, closed while it was idle to have at most 1 files open, could not be"),
        refused.getMessage());
    assertEquals("a", read(a));
    assertEquals("b", read(b));
    assertEquals(1, storage.openFiles());
  }

  /** A deletion that could take a file from its handle is refused: the name stays. */
  @Test
  void aFileThatCannotBeOpenedForItsHandleIsNotDeleted() throws IOException {
    BoundedStorage storage = bounded(1);
    StorageFile a = made(storage, "a");
    made(storage, "b").close();
    simulated.failOperation(simulated.operations() + 1, Fault.IO_ERROR);
    assertThrows(IOException.class, () -> storage.delete("a"));
    assertTrue(storage.exists("a"));
    storage.delete("a");
    assertEquals("a", read(a));
  }

  @Test
  void countsNothingThatCouldNotBeOpened() throws IOException {
    BoundedStorage storage = bounded(2);
    assertThrows(NoSuchFileException.class, () -> storage.open("absent"));
    assertThrows(NoSuchFileException.class, () -> storage.create("absent/a"));
    assertEquals(0, storage.openFiles());
    assertThrows(IllegalArgumentException.class, () -> bounded(0));
  }

  /** A storage with so many descriptors, beside what is open through it. */
  private static final class FewDescriptors extends ForwardingStorage {
    private final AtomicInteger left;

    FewDescriptors(Storage storage, int descriptors) {
      super(storage);
      this.left = new AtomicInteger(descriptors);
    }

    private StorageFile taken(String path, OpenFiles.Opener opener) throws IOException {
      if (left.get() == 0) {
        throw new FileSystemException(path, null, "Too many open files");
      }
      StorageFile file = opener.open();
      left.decrementAndGet();
      return new StorageFile() {
        @Override
        public long size() throws IOException {
          return file.size();
        }

        @Override
        public int read(ByteBuffer target, long offset) throws IOException {
          return file.read(target, offset);
        }

        @Override
        public void write(ByteBuffer[] sources, long offset) throws IOException {
          file.write(sources, offset);
        }

        @Override
        public void truncate(long size) throws IOException {
          file.truncate(size);
        }

        @Override
        public void sync() throws IOException {
          file.sync();
        }

        @Override
        public void close() throws IOException {
          file.close();
          left.incrementAndGet();
        }
      };
    }

    @Override
    public StorageFile create(String path) throws IOException {
      return taken(path, () -> super.create(path));
    }

    @Override
    public StorageFile open(String path) throws IOException {
      return taken(path, () -> super.open(path));
    }
  }

  /** Guard: {@code OpenFiles.openWithADescriptor}. */
  @Test
  void givesAnIdleFileUpWhenTheProcessHasNoDescriptorLeft() throws IOException {
    BoundedStorage storage = new BoundedStorage(new FewDescriptors(simulated, 2), 100);
    StorageFile a = made(storage, "a");
    StorageFile b = made(storage, "b");
    StorageFile c = made(storage, "c");
    assertEquals("a", read(a));
    assertEquals("b", read(b));
    assertEquals("c", read(c));
    assertEquals(2, storage.openFiles());
    write(a, "A");
    write(b, "B");
    IOException refused = assertThrows(IOException.class, () -> read(c));
    assertTrue(String.valueOf(refused.getMessage()).contains("Too many open files"));
    assertTrue(String.valueOf(refused.getMessage()).startsWith("c, "), refused.getMessage());
    b.sync();
    assertEquals("c", read(c));
  }

  /** Guard: {@code BoundedFile.calls}. */
  @Test
  void aCallUnderWayKeepsItsHandle() throws IOException {
    BoundedStorage storage = bounded(1);
    StorageFile a = made(storage, "a");
    AtomicInteger within = new AtomicInteger();
    simulated.failWhen(
        operation -> {
          if (operation.kind() == Operation.Kind.READ && within.getAndIncrement() == 0) {
            try {
              made(storage, "b").close(); // there is no room for it beside the file that is read
              assertEquals("a", read(a));
              assertEquals(1, storage.openFiles());
              a.close();
              assertEquals(1, storage.openFiles(), "the call has it");
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
          return false;
        },
        Fault.IO_ERROR);
    assertEquals("a", read(a));
    assertEquals(List.of(), opened);
    assertEquals(0, storage.openFiles());
  }

  /** Any thread reads any file while names change and there is room for few. */
  @Test
  void manyThreadsShareFewHandles(@TempDir Path directory) throws Exception {
    int threads = 4;
    int max = 3;
    BoundedStorage storage = new BoundedStorage(new PosixStorage(directory), max);
    List<StorageFile> files = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      files.add(made(storage, "file-" + i));
    }
    AtomicInteger most = new AtomicInteger();
    List<Future<?>> all = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      for (int t = 0; t < threads; t++) {
        int thread = t;
        all.add(
            executor.submit(
                () -> {
                  SplittableRandom random = new SplittableRandom(thread);
                  for (int i = 0; i < 3000; i++) {
                    int at = random.nextInt(files.size());
                    assertEquals("file-" + at, read(files.get(at)));
                    most.accumulateAndGet(storage.openFiles(), Math::max);
                    if (i % 100 == 0) {
                      String name = thread + "-" + i;
                      try (StorageFile own = made(storage, name)) {
                        storage.rename(name, name + ".moved");
                        assertEquals(name, read(own));
                        storage.delete(name + ".moved");
                        assertEquals(name, read(own));
                      }
                    }
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        try {
          one.get();
        } catch (ExecutionException e) {
          throw new AssertionError(e.getCause());
        }
      }
    }
    assertTrue(most.get() <= max + 2 * threads, "open at a time: " + most.get());
    for (StorageFile file : files) {
      file.close();
    }
    assertEquals(0, storage.openFiles());
  }
}
