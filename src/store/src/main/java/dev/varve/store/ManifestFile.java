package dev.varve.store;

import dev.varve.store.manifest.ManifestBase;
import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The manifest's file as those see it who read it by its name: a roll replaces it only while there
 * are none. Safe for several threads.
 */
final class ManifestFile {
  private final ReentrantLock lock = new ReentrantLock();
  private volatile ManifestBase base;
  private volatile int readers;

  ManifestFile(ManifestBase base) {
    this.base = base;
  }

  /** Puts another file in the place of the one that is there. */
  @FunctionalInterface
  interface Replacement {
    void run() throws IOException;
  }

  /** The file stays the same until this is closed; once. */
  record Reading(ManifestFile file, ManifestBase base) implements Closeable {
    @Override
    public void close() {
      file.end();
    }
  }

  /** Waits at most while the file is being replaced. */
  @SuppressWarnings("NonAtomicVolatileUpdate") // under the lock; volatile for isRead alone
  Reading read() {
    lock.lock();
    try {
      readers++;
      return new Reading(this, base);
    } finally {
      lock.unlock();
    }
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // as above
  private void end() {
    lock.lock();
    try {
      readers--;
    } finally {
      lock.unlock();
    }
  }

  boolean isRead() {
    return readers > 0;
  }

  /** Where the file's edits are in the log now. */
  ManifestBase base() {
    return base;
  }

  /**
   * Replaces the file.
   *
   * @return false if somebody reads it; nothing was done
   * @throws IOException if the replacement failed; which file is there is not known then
   */
  boolean replace(ManifestBase next, Replacement replacement) throws IOException {
    lock.lock();
    try {
      if (readers > 0) {
        return false;
      }
      replacement.run();
      base = next;
      return true;
    } finally {
      lock.unlock();
    }
  }
}
