package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;
import static dev.varve.store.StoreFixture.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link Store#writeAndWait}: the caller does the writer's work where it can. */
class LoneWriterTest {
  private static final int WRITES = 300;
  private static final int WRITERS = 4;

  private final StoreFixture fixture = new StoreFixture();

  private static long put(Store store, String key, String value) throws IOException {
    return store.writeAndWait(new WriteBatch().put("main", bytes(key), bytes(value)));
  }

  @Test
  void waitsUntilTheWriteIsVisible() throws IOException {
    try (Store store = fixture.standalone(new SimulatedStorage())) {
      long first = put(store, "a", "1");
      assertEquals(first + 1, put(store, "a", "2"));
      assertEquals("2", StoreFixture.get(store, "main", "a"));
      assertThrows(
          InvalidWriteException.class,
          () -> store.writeAndWait(new WriteBatch().put("none", bytes("a"), bytes("1"))));
    }
  }

  /**
   * Pitfall 18, and for writes: whoever interrupts a caller stops neither it nor the store. Guard:
   * {@code LinuxFile} calls C, which sees no interrupt.
   */
  @Test
  void interruptsOfCallersHarmNobody(@TempDir Path directory) throws Exception {
    try (StoreRuntime runtime = StoreRuntime.threads("test")) {
      try (Store store =
              Store.openStandalone(fixture.options, new PosixStorage(directory), runtime);
          ExecutorService threads = Executors.newCachedThreadPool()) {
        AtomicBoolean writing = new AtomicBoolean(true);
        List<Thread> callers = new ArrayList<>();
        List<Future<?>> results = new ArrayList<>();
        for (int writer = 0; writer < WRITERS; writer++) {
          String key = "key-" + writer;
          results.add(
              threads.submit(
                  () -> {
                    synchronized (callers) {
                      callers.add(Thread.currentThread());
                    }
                    for (int i = 0; i < WRITES; i++) {
                      put(store, key, "value-" + i);
                      Versioned found = store.get("main", bytes(key));
                      assertEquals("value-" + i, found == null ? null : text(found.value()));
                    }
                    return null;
                  }));
        }
        Thread interrupter =
            Thread.ofPlatform()
                .start(
                    () -> {
                      while (writing.get()) {
                        synchronized (callers) {
                          callers.forEach(Thread::interrupt);
                        }
                        Thread.onSpinWait();
                      }
                    });
        for (Future<?> result : results) {
          result.get();
        }
        writing.set(false);
        interrupter.join();
        assertFalse(store.log().state().poisoned());
      }
      try (Store again =
          Store.openStandalone(fixture.options, new PosixStorage(directory), runtime)) {
        for (int writer = 0; writer < WRITERS; writer++) {
          Versioned found = again.get("main", bytes("key-" + writer));
          assertEquals("value-" + (WRITES - 1), found == null ? null : text(found.value()));
        }
      }
    }
  }

  @Test
  void interruptStaysPending(@TempDir Path directory) throws IOException {
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(fixture.options, new PosixStorage(directory), runtime)) {
      Thread.currentThread().interrupt();
      put(store, "a", "1");
      put(store, "a", "2");
      put(store, "a", "3");
      assertTrue(Thread.interrupted());
    }
  }
}
