package dev.varve.cli;

import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/**
 * Runs work on a store's directory on a thread of its own. A signal interrupts the command's
 * thread, and an interrupt within file I/O would close the file.
 */
final class OfflineWork {
  private OfflineWork() {}

  /** What to do. */
  interface Work<T> {
    T run() throws IOException;
  }

  /**
   * Waits for the work's end, however it ends.
   *
   * @param cancel told once when the command is cancelled; the work may end early then
   */
  static <T> T run(Invocation invocation, Work<T> work, Runnable cancel) throws IOException {
    CompletableFuture<T> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .name("offline")
        .start(
            () -> {
              try {
                done.complete(work.run());
              } catch (IOException | RuntimeException e) {
                done.completeExceptionally(e);
              }
            });
    boolean told = false;
    while (true) {
      try {
        return done.get();
      } catch (InterruptedException e) {
        if (!told) {
          told = true;
          cancel.run();
        }
        invocation.cancellation().clearInterrupt();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof IOException cause) {
          throw cause;
        }
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        throw new CompletionException(e.getCause());
      }
    }
  }

  /** For long reading: ends it when the command was cancelled. */
  static void checkCancelled(Invocation invocation) {
    if (invocation.cancellation().isCancelled()) {
      throw new CancellationException("cancelled");
    }
  }

  /** The directory of a store, to change it. */
  static PosixStorage writable(Path directory) throws IOException {
    requireStore(directory);
    return new PosixStorage(directory);
  }

  /** The directory of a store, to read it. */
  static PosixStorage readable(Path directory) throws IOException {
    requireStore(directory);
    return PosixStorage.readOnly(directory);
  }

  private static void requireStore(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new UsageException(directory + " is no directory");
    }
    try (var files = Files.walk(directory, 2)) {
      if (files.noneMatch(OfflineWork::isOfAStore)) {
        throw new UsageException(directory + " holds no store");
      }
    }
  }

  private static boolean isOfAStore(Path path) {
    String name = String.valueOf(path.getFileName());
    return name.endsWith(".log") || name.equals("_installing") || name.equals("_repairing");
  }
}
