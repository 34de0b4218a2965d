package dev.varve.store.storage;

import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many files a {@link BoundedStorage} has open, and which of them is closed next: the one that
 * was not used for longest, by second chance. Files are looked at in a circle; one that was used
 * since it was looked at last is passed over once. That needs no list to be kept in the order of
 * use, and reads no lock.
 */
final class OpenFiles {
  /** What the platform says when a process, or all together, has no descriptor left. */
  static final String NO_DESCRIPTOR = "Too many open files";

  /** How often an opening that found no descriptor is tried again, each time after closing one. */
  private static final int TRIES_AGAIN_MAX = 8;

  private final int max;
  private final AtomicInteger open = new AtomicInteger();

  /** Those that may be closed, in the circle's order; guarded by itself. */
  private final LinkedHashSet<BoundedFile> circle = new LinkedHashSet<>();

  /** Opens or creates a file. */
  @FunctionalInterface
  interface Opener {
    StorageFile open() throws IOException;
  }

  OpenFiles(int max) {
    this.max = max;
  }

  int max() {
    return max;
  }

  /** How many there are now. */
  int count() {
    return open.get();
  }

  /**
   * Opens a file after closing others as long as that makes too many; they may stay too many if
   * none can be closed. Counted until {@link #closed}.
   */
  StorageFile open(Opener opener) throws IOException {
    open.incrementAndGet();
    boolean opened = false;
    try {
      boolean fewer = true;
      while (fewer && open.get() > max) {
        fewer = closeIdle();
      }
      StorageFile file = openWithADescriptor(opener);
      opened = true;
      return file;
    } finally {
      if (!opened) {
        open.decrementAndGet();
      }
    }
  }

  /**
   * Sockets and other stores take descriptors too, so they may be used up below this bound: then
   * one of ours is given up for the one that is wanted. Nothing was created or opened before.
   */
  private StorageFile openWithADescriptor(Opener opener) throws IOException {
    for (int again = 0; ; again++) {
      try {
        return opener.open();
      } catch (IOException e) {
        boolean gaveUpOne =
            again < TRIES_AGAIN_MAX
                && String.valueOf(e.getMessage()).contains(NO_DESCRIPTOR)
                && closeIdle();
        if (!gaveUpOne) {
          throw e;
        }
      }
    }
  }

  /** A file that {@link #open} opened is closed. */
  void closed() {
    open.decrementAndGet();
  }

  /** From now on the file may be closed when it is idle. */
  void add(BoundedFile file) {
    synchronized (circle) {
      circle.addLast(file);
    }
  }

  /** From now on it may not, or it is closed. */
  void remove(BoundedFile file) {
    synchronized (circle) {
      circle.remove(file);
    }
  }

  /** Closes a file that nobody needs; false if there is none. Looks at each twice at most. */
  private boolean closeIdle() {
    int looks;
    synchronized (circle) {
      looks = 2 * circle.size();
    }
    for (; looks > 0; looks--) {
      BoundedFile next;
      synchronized (circle) {
        if (circle.isEmpty()) {
          return false;
        }
        next = circle.removeFirst();
        circle.addLast(next);
      }
      if (!next.wasUsed() && next.closeIfIdle()) {
        return true;
      }
    }
    return false;
  }
}
