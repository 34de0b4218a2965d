package dev.varve.store.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Files in memory, off the Java heap: fast, bounded, and gone with the process. A sync does nothing
 * and promises nothing beyond it.
 *
 * <p>An eighth of the capacity is kept back for what a store writes to make room: files named
 * {@code *.tmp} (copies that a compaction makes) and {@code _*} (the store's own log of edits and
 * marks). All other writes find the storage full when the rest is used up.
 *
 * <p>Memory is taken in chunks of 64 KiB a file, less for small ones, and given back when a file is
 * deleted and no handle is open on it.
 */
public final class MemoryStorage implements Storage, AutoCloseable {
  /** The least capacity: less holds no store that does anything. */
  public static final long CAPACITY_BYTES_MIN = 1 << 20;

  private static final int RESERVE_SHARE = 8;

  private final long capacityBytes;
  private final Map<String, MemoryInode> files = new TreeMap<>();
  private final Set<String> directories = new TreeSet<>(Set.of(""));
  private final Set<String> locks = new HashSet<>();

  /** Outside the lock: files take and give back memory while they hold their own. */
  private final AtomicLong usedBytes = new AtomicLong();

  /**
   * An empty storage.
   *
   * @param capacityBytes the most memory that all files may take together, at least {@link
   *     #CAPACITY_BYTES_MIN}; {@link Long#MAX_VALUE}: as much as there is
   */
  public MemoryStorage(long capacityBytes) {
    if (capacityBytes < CAPACITY_BYTES_MIN) {
      throw new IllegalArgumentException(
          "capacityBytes must be at least " + CAPACITY_BYTES_MIN + ": " + capacityBytes);
    }
    this.capacityBytes = capacityBytes;
  }

  /** Bytes that only files that make room may take. */
  public long reserveBytes() {
    return capacityBytes / RESERVE_SHARE;
  }

  /** Bytes of memory that files have now. */
  public long usedBytes() {
    return usedBytes.get();
  }

  @Override
  public synchronized StorageFile create(String path) throws IOException {
    requireParent(path);
    if (files.containsKey(path) || directories.contains(path)) {
      throw new FileAlreadyExistsException(path);
    }
    MemoryInode inode = new MemoryInode(this);
    inode.link();
    files.put(path, inode);
    return inode.handle(path, makesRoom(path));
  }

  @Override
  public synchronized StorageFile open(String path) throws IOException {
    return existing(path).handle(path, makesRoom(path));
  }

  @Override
  public synchronized boolean exists(String path) {
    return files.containsKey(path) || directories.contains(path);
  }

  @Override
  public synchronized List<String> list(String directory) {
    Set<String> names = new TreeSet<>();
    for (Set<String> paths : List.of(files.keySet(), directories)) {
      for (String path : paths) {
        if (!path.isEmpty() && parent(path).equals(directory)) {
          names.add(name(path));
        }
      }
    }
    return List.copyOf(names);
  }

  @Override
  public synchronized void createDirectory(String path) throws IOException {
    for (String at = path; !directories.contains(at); at = parent(at)) {
      if (files.containsKey(at)) {
        throw new FileAlreadyExistsException(at);
      }
      directories.add(at);
    }
  }

  @Override
  public synchronized void rename(String from, String to) throws IOException {
    MemoryInode inode = existing(from);
    requireParent(to);
    if (from.equals(to)) {
      return;
    }
    files.remove(from);
    MemoryInode replaced = files.put(to, inode);
    if (replaced != null) {
      replaced.unlink();
    }
  }

  @Override
  public synchronized void delete(String path) throws IOException {
    existing(path).unlink();
    files.remove(path);
  }

  @Override
  public void syncDirectory(String path) {}

  @Override
  public synchronized Closeable lock(String path) throws IOException {
    if (!locks.add(path)) {
      throw new StoreLockedException("memory");
    }
    return () -> {
      synchronized (this) {
        locks.remove(path);
      }
    };
  }

  /** Without what is kept back. */
  @Override
  public long usableBytes() {
    return Math.max(0, capacityBytes - reserveBytes() - usedBytes.get());
  }

  /** Gives all memory back. Close the store first: its files are gone, open handles included. */
  @Override
  public synchronized void close() {
    files.values().forEach(MemoryInode::free);
    files.clear();
    directories.clear();
    directories.add("");
  }

  /**
   * Takes memory for a file.
   *
   * @throws DiskFullException if there is none left for it; nothing was taken
   */
  void take(long bytes, String path, boolean makesRoom) throws DiskFullException {
    long most = makesRoom ? capacityBytes : capacityBytes - reserveBytes();
    long used;
    do {
      used = usedBytes.get();
      if (bytes > most - used) {
        throw DiskFullException.ofCapacity(path, capacityBytes);
      }
    } while (!usedBytes.compareAndSet(used, used + bytes));
  }

  void giveBack(long bytes) {
    usedBytes.addAndGet(-bytes);
  }

  private static boolean makesRoom(String path) {
    return path.startsWith("_") || path.endsWith(".tmp");
  }

  private MemoryInode existing(String path) throws NoSuchFileException {
    MemoryInode inode = files.get(path);
    if (inode == null) {
      throw new NoSuchFileException(path);
    }
    return inode;
  }

  private void requireParent(String path) throws NoSuchFileException {
    if (!directories.contains(parent(path))) {
      throw new NoSuchFileException(path);
    }
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }
}
