package dev.varve.store.simulation;

import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import dev.varve.store.storage.StoreLockedException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A storage in memory, for tests and simulations, that is as unkind as the interface allows.
 *
 * <p>What no {@code sync} or {@code syncDirectory} covered may be lost by {@link #crash}: of a
 * file's unsynced changes survive none, a prefix torn at a 512-byte sector, or any sectors; of a
 * directory's a prefix or any. The same seed and the same operations give the same result. A
 * created directory is durable once it has itself or its parent synced. A rename within a directory
 * is one change, from one directory to another it is two.
 *
 * <p>Operations are counted from 1, and each can be made to fail, by number or by predicate. Safe
 * for several threads; the count is deterministic only if the calls are.
 */
public final class SimulatedStorage implements Storage {

  private final Map<String, SimulatedDirectory> directories = new TreeMap<>();
  private final Set<String> durableDirectories = new HashSet<>();
  private final Set<String> locks = new HashSet<>();
  private final Map<Long, Fault> faults = new HashMap<>();

  private record Rule(Predicate<Operation> when, Fault fault) {}

  private final List<Rule> rules = new ArrayList<>();
  private long capacity;
  private long operations;
  private boolean off;

  /** An empty storage without a limit. */
  public SimulatedStorage() {
    this(Long.MAX_VALUE);
  }

  /** An empty storage whose files may have {@code capacityBytes} together. */
  public SimulatedStorage(long capacityBytes) {
    this.capacity = capacityBytes;
    directories.put("", new SimulatedDirectory());
    durableDirectories.add("");
  }

  // What tests do to it.

  /** How many operations there have been. */
  public synchronized long operations() {
    return operations;
  }

  /** Makes the operation of this number fail, once. */
  public synchronized void failOperation(long number, Fault fault) {
    faults.put(number, fault);
  }

  /** Makes every operation fail for which this holds, until {@link #clearFaults}. */
  public synchronized void failWhen(Predicate<Operation> when, Fault fault) {
    rules.add(new Rule(when, fault));
  }

  /** Forgets all faults that have not happened; does not bring the power back. */
  public synchronized void clearFaults() {
    faults.clear();
    rules.clear();
  }

  /** Changes how many bytes all files may have together. */
  public synchronized void capacity(long bytes) {
    capacity = bytes;
  }

  /** Changes one bit of a file, durably and unnoticed. */
  public synchronized void flipBit(String path, long bit) throws IOException {
    inode(path).flipBit(bit);
  }

  /** The paths of all files as look-ups see them, sorted. */
  public synchronized List<String> files() {
    List<String> files = new ArrayList<>();
    directories.forEach(
        (path, directory) ->
            directory
                .names()
                .keySet()
                .forEach(name -> files.add(path.isEmpty() ? name : path + '/' + name)));
    return files;
  }

  /** A file's bytes as reads see them. */
  public synchronized byte[] contents(String path) throws IOException {
    return inode(path).contents();
  }

  /**
   * Ends this storage as a crash of the machine would, and returns what is found afterwards, with
   * its own count of operations, no faults and no locks. Every later call on this one fails.
   */
  public synchronized SimulatedStorage crash(long seed) {
    off = true;
    return crashClone(seed);
  }

  /**
   * What would be found if the machine crashed at this moment, as a storage of its own; this one
   * goes on. May be called from a predicate of {@link #failWhen}, for the moment before an
   * operation.
   */
  public synchronized SimulatedStorage crashClone(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    SimulatedStorage left = new SimulatedStorage(capacity);
    Map<SimulatedInode, SimulatedInode> inodes = new HashMap<>();
    directories.forEach(
        (path, directory) -> {
          boolean kept = durableDirectories.contains(path) || random.nextBoolean();
          if (kept && left.directories.containsKey(parent(path))) {
            left.directories.put(path, directory.afterCrash(random, inodes));
            left.durableDirectories.add(path);
          }
        });
    return left;
  }

  /**
   * What would be found if the process ended at this moment and everything it wrote reached the
   * disk, as a storage of its own; this one goes on.
   */
  public synchronized SimulatedStorage killClone() {
    SimulatedStorage left = new SimulatedStorage(capacity);
    Map<SimulatedInode, SimulatedInode> inodes = new HashMap<>();
    directories.forEach(
        (path, directory) -> left.directories.put(path, directory.allSynced(inodes)));
    left.durableDirectories.addAll(directories.keySet());
    return left;
  }

  /**
   * Ends this storage as the end of the process would, and returns what the next process finds:
   * everything, but what was not synced may still be lost by a later {@link #crash}. Every later
   * call on this one fails.
   */
  public synchronized SimulatedStorage kill() {
    off = true;
    SimulatedStorage left = new SimulatedStorage(capacity);
    left.directories.putAll(directories);
    left.durableDirectories.addAll(durableDirectories);
    return left;
  }

  // Storage.

  @Override
  public synchronized StorageFile create(String path) throws IOException {
    begin(Operation.Kind.CREATE, path, 0);
    SimulatedDirectory directory = directory(parent(path), path);
    if (directory.names().containsKey(name(path)) || directories.containsKey(path)) {
      throw new FileAlreadyExistsException(path);
    }
    if (used() >= capacity) {
      throw new DiskFullException(path, null);
    }
    SimulatedInode inode = new SimulatedInode();
    directory.put(name(path), inode);
    return new SimulatedFile(path, inode);
  }

  @Override
  public synchronized StorageFile open(String path) throws IOException {
    begin(Operation.Kind.OPEN, path, 0);
    return new SimulatedFile(path, inode(path));
  }

  @Override
  public synchronized boolean exists(String path) throws IOException {
    begin(Operation.Kind.EXISTS, path, 0);
    SimulatedDirectory directory = directories.get(parent(path));
    return directories.containsKey(path)
        || (directory != null && directory.names().containsKey(name(path)));
  }

  @Override
  public synchronized List<String> list(String path) throws IOException {
    begin(Operation.Kind.LIST, path, 0);
    SimulatedDirectory directory = directories.get(path);
    if (directory == null) {
      return List.of();
    }
    Set<String> names = new TreeSet<>(directory.names().keySet());
    for (String other : directories.keySet()) {
      if (!other.isEmpty() && parent(other).equals(path)) {
        names.add(name(other));
      }
    }
    return List.copyOf(names);
  }

  @Override
  public synchronized void createDirectory(String path) throws IOException {
    begin(Operation.Kind.CREATE_DIRECTORY, path, 0);
    for (String at = path; !directories.containsKey(at); at = parent(at)) {
      directories.put(at, new SimulatedDirectory());
    }
  }

  @Override
  public synchronized void rename(String from, String to) throws IOException {
    begin(Operation.Kind.RENAME, from, 0);
    SimulatedInode inode = inode(from);
    SimulatedDirectory source = directory(parent(from), from);
    SimulatedDirectory target = directory(parent(to), to);
    if (source == target) {
      source.rename(name(from), name(to), inode);
    } else {
      target.put(name(to), inode);
      source.remove(name(from));
    }
  }

  @Override
  public synchronized void delete(String path) throws IOException {
    begin(Operation.Kind.DELETE, path, 0);
    inode(path);
    directory(parent(path), path).remove(name(path));
  }

  @Override
  public synchronized void syncDirectory(String path) throws IOException {
    Fault fault = beginSync(Operation.Kind.SYNC_DIRECTORY, path);
    SimulatedDirectory directory = directory(path, path);
    if (fault == Fault.FAILED_SYNC) {
      directory.dropUnsynced();
      throw new IOException("simulated: the sync of directory " + path + " failed");
    }
    directory.sync();
    durableDirectories.add(path);
    for (String other : directories.keySet()) {
      if (!other.isEmpty() && parent(other).equals(path)) {
        durableDirectories.add(other);
      }
    }
  }

  @Override
  public synchronized Closeable lock(String path) throws IOException {
    begin(Operation.Kind.LOCK, path, 0);
    if (!locks.add(path)) {
      throw new StoreLockedException("simulated:" + parent(path));
    }
    return () -> {
      synchronized (this) {
        locks.remove(path);
      }
    };
  }

  @Override
  public synchronized long usableBytes() throws IOException {
    return Math.max(0, capacity - used());
  }

  private long used() {
    long used = 0;
    Set<SimulatedInode> counted = new HashSet<>();
    for (SimulatedDirectory directory : directories.values()) {
      for (SimulatedInode inode : directory.names().values()) {
        if (counted.add(inode)) {
          used += inode.size();
        }
      }
    }
    return used;
  }

  /** Counts an operation and lets its fault happen. */
  private void begin(Operation.Kind kind, String path, long bytes) throws IOException {
    Fault fault = fault(kind, path, bytes);
    if (fault != null) {
      throw failure(fault, kind, path);
    }
  }

  private @Nullable Fault beginSync(Operation.Kind kind, String path) throws IOException {
    Fault fault = fault(kind, path, 0);
    if (fault != null && fault != Fault.FAILED_SYNC) {
      throw failure(fault, kind, path);
    }
    return fault;
  }

  private @Nullable Fault fault(Operation.Kind kind, String path, long bytes) throws IOException {
    if (off) {
      throw new IOException("simulated: the power is off");
    }
    Operation operation = new Operation(++operations, kind, path, bytes);
    Fault fault = faults.remove(operations);
    for (Rule rule : rules) {
      if (fault == null && rule.when().test(operation)) {
        fault = rule.fault();
      }
    }
    if (fault == Fault.POWER_OFF) {
      off = true;
    }
    return fault;
  }

  private IOException failure(Fault fault, Operation.Kind kind, String path) {
    String what = kind + " of " + path + ", operation " + operations;
    return switch (fault) {
      case IO_ERROR, FAILED_SYNC -> new IOException("simulated: " + what + " failed");
      case DISK_FULL -> new DiskFullException(path, new IOException("simulated: " + what));
      case POWER_OFF -> new IOException("simulated: the power went at " + what);
    };
  }

  private SimulatedDirectory directory(String directory, String path) throws IOException {
    SimulatedDirectory found = directories.get(directory);
    if (found == null) {
      throw new NoSuchFileException(path);
    }
    return found;
  }

  private SimulatedInode inode(String path) throws IOException {
    SimulatedInode inode = directory(parent(path), path).names().get(name(path));
    if (inode == null) {
      throw new NoSuchFileException(path);
    }
    return inode;
  }

  private static String parent(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  private static String name(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  private final class SimulatedFile implements StorageFile {

    private final String path;
    private final SimulatedInode inode;
    private boolean closed;

    SimulatedFile(String path, SimulatedInode inode) {
      this.path = path;
      this.inode = inode;
    }

    @Override
    public long size() throws IOException {
      synchronized (SimulatedStorage.this) {
        checkOpen();
        return inode.size();
      }
    }

    @Override
    public int read(ByteBuffer target, long offset) throws IOException {
      synchronized (SimulatedStorage.this) {
        checkOpen();
        begin(Operation.Kind.READ, path, target.remaining());
        return inode.read(target, offset);
      }
    }

    @Override
    public void write(ByteBuffer[] sources, long offset) throws IOException {
      synchronized (SimulatedStorage.this) {
        checkOpen();
        int length = 0;
        for (ByteBuffer source : sources) {
          length = Math.addExact(length, source.remaining());
        }
        Fault fault = fault(Operation.Kind.WRITE, path, length);
        if (fault != null && fault != Fault.DISK_FULL) {
          throw failure(fault, Operation.Kind.WRITE, path);
        }
        byte[] bytes = new byte[length];
        int at = 0;
        for (ByteBuffer source : sources) {
          int part = source.remaining();
          source.get(bytes, at, part);
          at += part;
        }
        int fits = capacity == Long.MAX_VALUE ? length : fitting(offset, length);
        if (fault == Fault.DISK_FULL || fits < length) {
          inode.write(Arrays.copyOf(bytes, Math.min(length / 2, fits)), offset);
          throw new DiskFullException(path, null);
        }
        inode.write(bytes, offset);
      }
    }

    /** How many of so many bytes can be written there before the capacity is reached. */
    private int fitting(long offset, int length) {
      long beyondEnd = Math.max(0, offset + length - inode.size());
      long tooMuch = Math.max(0, beyondEnd - (capacity - used()));
      return (int) Math.max(0, length - tooMuch);
    }

    @Override
    public void truncate(long size) throws IOException {
      synchronized (SimulatedStorage.this) {
        checkOpen();
        begin(Operation.Kind.TRUNCATE, path, 0);
        inode.truncate(size);
      }
    }

    @Override
    public void sync() throws IOException {
      synchronized (SimulatedStorage.this) {
        checkOpen();
        Fault fault = beginSync(Operation.Kind.SYNC, path);
        if (fault == Fault.FAILED_SYNC) {
          inode.dropUnsynced();
          throw new IOException("simulated: the sync of " + path + " failed");
        }
        inode.sync();
      }
    }

    @Override
    public void close() {
      synchronized (SimulatedStorage.this) {
        closed = true;
      }
    }

    private void checkOpen() throws IOException {
      if (closed) {
        throw new IOException("simulated: " + path + " is closed");
      }
    }

    @Override
    public String toString() {
      return path;
    }
  }
}
