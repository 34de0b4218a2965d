package dev.varve.store;

import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The file {@code _ballast}: room that nobody else can take, given up when what frees space meets a
 * full disk (pitfall 12): a compaction's copies, its edit, the checkpoint that lets replaced
 * segments go, the first edit of a term. Made again when there is room for it twice. Its bytes mean
 * nothing; they are random, as a file system may keep zeros without taking room for them. Safe for
 * several threads.
 */
final class Ballast {
  static final String PATH = "_ballast";

  /** The largest size unless one is asked for, in bytes. */
  static final long AUTOMATIC_BYTES_MAX = 64L << 20;

  /** Of the capacity, or else of the room on the disk: one part of so many. */
  private static final int AUTOMATIC_SHARE = 100;

  private static final int WRITE_BYTES = 1 << 20;
  private static final System.Logger LOG = System.getLogger(Ballast.class.getName());

  private final Storage storage;
  private final long wantedBytes;
  private final long capacityBytes;

  /**
   * @param storage one that does not count the ballast as written
   */
  Ballast(Storage storage, StoreOptions options) {
    this.storage = storage;
    this.wantedBytes = options.ballastBytes();
    this.capacityBytes = options.capacityBytes();
  }

  /** Makes it unless it is there or there is too little room. */
  synchronized void build() throws IOException {
    if (wantedBytes == 0) {
      boolean _ = release(); // of an earlier opening with other options
      return;
    }
    if (storage.exists(PATH)) {
      try (StorageFile file = storage.open(PATH)) {
        if (file.size() > 0 && (automatic() || file.size() == wantedBytes)) {
          return;
        }
      }
      storage.delete(PATH);
    }
    long usable = storage.usableBytes();
    long bytes = automatic() ? automaticBytes(usable) : wantedBytes;
    if (bytes > 0 && usable / 2 >= bytes) {
      write(bytes);
    }
  }

  private boolean automatic() {
    return wantedBytes == StoreOptions.BALLAST_AUTOMATIC;
  }

  private long automaticBytes(long usable) {
    return Math.min(
        AUTOMATIC_BYTES_MAX, (capacityBytes == 0 ? usable : capacityBytes) / AUTOMATIC_SHARE);
  }

  private void write(long bytes) throws IOException {
    byte[] noise = new byte[(int) Math.min(WRITE_BYTES, bytes)];
    new SplittableRandom(bytes).nextBytes(noise);
    try (StorageFile file = storage.create(PATH)) {
      for (long at = 0; at < bytes; at += noise.length) {
        int part = (int) Math.min(noise.length, bytes - at);
        file.write(new ByteBuffer[] {ByteBuffer.wrap(noise, 0, part)}, at);
      }
      file.sync(); // only then has the file system set the room aside for sure
    } catch (IOException e) {
      try {
        boolean _ = release();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      if (!(e instanceof DiskFullException)) {
        throw e;
      }
    }
  }

  /** Gives its room up. Returns whether there was any. */
  synchronized boolean release() throws IOException {
    if (!storage.exists(PATH)) {
      return false;
    }
    storage.delete(PATH);
    return true;
  }

  /** Does something that frees space; if the disk is full, a second time without the ballast. */
  <T> CompletableFuture<T> relieve(Supplier<CompletableFuture<T>> submit) {
    CompletableFuture<T> done = new CompletableFuture<>();
    CompletableFuture<T> _ =
        submit
            .get()
            .whenComplete(
                (value, failure) -> {
                  if (failure instanceof StoreFullException full
                      && full.isOfDisk()
                      && releaseFor(full)) {
                    CompletableFuture<T> _ =
                        submit.get().whenComplete((v, f) -> settle(done, v, f));
                  } else {
                    settle(done, value, failure);
                  }
                });
    return done;
  }

  private static <T> void settle(CompletableFuture<T> done, T value, @Nullable Throwable failure) {
    if (failure == null) {
      done.complete(value);
    } else {
      done.completeExceptionally(failure);
    }
  }

  private boolean releaseFor(Throwable failure) {
    try {
      boolean released = release();
      if (released) {
        LOG.log(System.Logger.Level.WARNING, "the disk is full: the ballast is given up");
      }
      return released;
    } catch (IOException e) {
      failure.addSuppressed(e);
      return false;
    }
  }
}
