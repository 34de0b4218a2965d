package dev.varve.store.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A file of a {@link BoundedStorage}: its handle is closed between two calls when there are too
 * many, and opened again by the next call.
 *
 * <p>Not closed is a handle that a call is using; one with bytes that no sync has covered, since a
 * failure to write them back is told to handles that were open then and to no later one; and one
 * whose name stands for another file, or none, by now.
 *
 * <p>Calls take no lock while the handle is open: they count themselves in {@link #calls}. Closing
 * and opening again happen under {@link #lock}.
 */
final class BoundedFile implements StorageFile {
  private static final System.Logger LOG = System.getLogger(BoundedFile.class.getName());

  /** Instead of calls: the handle is closed and can be opened again. */
  private static final int AWAY = -1;

  /** Added to the calls when the owner closes the file, so that they are below zero. */
  private static final int ENDED = Integer.MIN_VALUE;

  private final BoundedStorage storage;
  private final OpenFiles openFiles;
  private final String path;
  private final ReentrantLock lock = new ReentrantLock();

  /** How many calls are using the handle; {@link #AWAY}; or from {@link #ENDED} on. */
  private final AtomicInteger calls = new AtomicInteger(AWAY);

  /** Writes and cuts that have ended: what a sync covers that begins now. */
  private final AtomicLong changes = new AtomicLong();

  private final AtomicLong syncedChanges = new AtomicLong();

  /** Replaced under the lock while no call uses it; read by those that count themselves. */
  private @Nullable StorageFile handle;

  /** Under the lock. */
  private boolean pinned;

  /** A hint alone: it is read and written without order. */
  private boolean used = true;

  private BoundedFile(BoundedStorage storage, OpenFiles openFiles, String path) {
    this.storage = storage;
    this.openFiles = openFiles;
    this.path = path;
  }

  /** Opens or creates a file of a storage, which knows of it before it is there. */
  static BoundedFile open(
      BoundedStorage storage, OpenFiles openFiles, String path, OpenFiles.Opener opener)
      throws IOException {
    BoundedFile file = new BoundedFile(storage, openFiles, path);
    file.lock.lock(); // whoever is to pin it waits until it is open
    boolean opened = false;
    try {
      file.pinned = !storage.remember(file);
      file.handle = openFiles.open(opener);
      file.calls.set(0);
      if (!file.pinned) {
        openFiles.add(file);
      }
      opened = true;
      return file;
    } finally {
      if (!opened) {
        file.calls.set(ENDED);
        storage.forget(file);
      }
      file.lock.unlock();
    }
  }

  String path() {
    return path;
  }

  /** Whether it was used since this was asked last. */
  boolean wasUsed() {
    boolean since = used;
    used = false;
    return since;
  }

  /** Closes the handle unless it must stay open; false if it must. */
  boolean closeIfIdle() {
    if (!lock.tryLock()) {
      return false; // it is being opened or closed
    }
    try {
      if (!calls.compareAndSet(0, AWAY)) {
        return false;
      }
      // Only now: a write could have ended, or the name changed, after this file was chosen.
      if (pinned || changes.get() != syncedChanges.get()) {
        calls.set(0);
        return false;
      }
      openFiles.remove(this);
      try {
        handle().close();
      } catch (IOException e) {
        // All of its bytes are synced: nothing depends on how this went.
        LOG.log(System.Logger.Level.WARNING, "could not close " + path, e);
      } finally {
        openFiles.closed();
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Keeps the handle open until the owner closes the file: its name is about to change.
   *
   * @throws IOException if it was closed and can't be opened; nothing has changed then
   */
  void pin() throws IOException {
    lock.lock();
    try {
      int seen = calls.get();
      if (pinned || seen < AWAY) {
        return;
      }
      if (seen == AWAY) {
        handle = storage.openAgain(path);
        calls.set(0);
      }
      pinned = true;
      openFiles.remove(this);
    } finally {
      lock.unlock();
    }
  }

  private StorageFile begin() throws IOException {
    int seen = calls.get();
    while (seen >= 0) {
      int found = calls.compareAndExchange(seen, seen + 1);
      if (found == seen) {
        if (!used) { // written only where that changes it: the line is shared by all readers
          used = true;
        }
        return handle();
      }
      seen = found;
    }
    return beginAgain();
  }

  /** Whoever changes names pins this first, under the lock: the path leads to the file it was. */
  private StorageFile beginAgain() throws IOException {
    lock.lock();
    try {
      int seen = calls.get();
      if (seen == AWAY) {
        handle = storage.openAgain(path);
        used = true;
        calls.set(1);
        openFiles.add(this);
        return handle();
      }
      if (seen < 0) {
        throw new IOException(path + " is closed");
      }
      calls.incrementAndGet(); // nobody closes it while this has the lock
      return handle();
    } finally {
      lock.unlock();
    }
  }

  private StorageFile handle() {
    return Objects.requireNonNull(handle);
  }

  private void end() throws IOException {
    if (calls.decrementAndGet() == ENDED) {
      closeHandle(); // the owner closed the file meanwhile
    }
  }

  @Override
  public long size() throws IOException {
    StorageFile open = begin();
    try {
      return open.size();
    } finally {
      end();
    }
  }

  @Override
  public int read(ByteBuffer target, long offset) throws IOException {
    StorageFile open = begin();
    try {
      return open.read(target, offset);
    } finally {
      end();
    }
  }

  @Override
  public void write(ByteBuffer[] sources, long offset) throws IOException {
    StorageFile open = begin();
    try {
      open.write(sources, offset);
    } finally {
      changes.incrementAndGet(); // after the write: a sync beside it does not cover it
      end();
    }
  }

  @Override
  public void truncate(long size) throws IOException {
    StorageFile open = begin();
    try {
      open.truncate(size);
    } finally {
      changes.incrementAndGet();
      end();
    }
  }

  @Override
  public void sync() throws IOException {
    StorageFile open = begin();
    try {
      long covered = changes.get();
      open.sync();
      syncedChanges.accumulateAndGet(covered, Math::max);
    } finally {
      end();
    }
  }

  @Override
  public void writeBack(long offset, long bytes) throws IOException {
    StorageFile open = begin();
    try {
      open.writeBack(offset, bytes);
    } finally {
      end();
    }
  }

  /** Calls that are under way end as if it was open; the last of them closes the handle. */
  @Override
  public void close() throws IOException {
    boolean unused;
    lock.lock();
    try {
      int seen = calls.get();
      if (seen < AWAY) {
        return; // closed before
      }
      if (seen == AWAY) {
        calls.set(ENDED);
        unused = false;
      } else {
        unused = calls.getAndAdd(ENDED) == 0;
        openFiles.remove(this);
      }
      storage.forget(this);
    } finally {
      lock.unlock();
    }
    if (unused) {
      closeHandle();
    }
  }

  private void closeHandle() throws IOException {
    try {
      handle().close();
    } finally {
      openFiles.closed();
    }
  }

  @Override
  public String toString() {
    return path;
  }
}
