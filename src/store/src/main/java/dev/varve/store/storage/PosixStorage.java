package dev.varve.store.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * A directory of a POSIX file system. On Linux on x86-64 or AArch64 its files are read and written
 * by calls of the C library, which interrupts of threads have no effect on; a program that has not
 * been given {@code --enable-native-access} gets the JVM's warning about that once. Elsewhere they
 * are {@link FileChannel}s, which an interrupt of a thread inside a call closes for every thread:
 * there no thread that uses a store may be interrupted.
 */
public final class PosixStorage implements Storage {

  private static final Set<Path> LOCKED_HERE = ConcurrentHashMap.newKeySet();

  private final Path root;
  private final boolean writable;
  private final boolean channels;

  /** Uses {@code root}, creating it with its parents if it is absent. */
  public PosixStorage(Path root) throws IOException {
    Files.createDirectories(root.toAbsolutePath());
    this(root.toRealPath(), true, !LinuxCalls.AVAILABLE);
  }

  private PosixStorage(Path realRoot, boolean writable, boolean channels) {
    this.root = realRoot;
    this.writable = writable;
    this.channels = channels;
  }

  /** The same directory, through {@link FileChannel} wherever it is. */
  PosixStorage throughChannels() {
    return new PosixStorage(root, writable, true);
  }

  /**
   * An existing directory, of which nothing is created, changed or opened for writing: whatever
   * would throws {@link UnsupportedOperationException}. A lock is shared with other readers and
   * excludes a process that has the store open; where no lock file is, no process has.
   *
   * @throws NoSuchFileException if there is no such directory
   */
  public static PosixStorage readOnly(Path root) throws IOException {
    Path real = root.toRealPath();
    if (!Files.isDirectory(real)) {
      throw new NoSuchFileException(root.toString(), null, "not a directory");
    }
    return new PosixStorage(real, false, !LinuxCalls.AVAILABLE);
  }

  /** The store's own directory. */
  public Path root() {
    return root;
  }

  @Override
  public StorageFile create(String path) throws IOException {
    requireWritable();
    return openFile(path, true);
  }

  @Override
  public StorageFile open(String path) throws IOException {
    return openFile(path, false);
  }

  private StorageFile openFile(String path, boolean create) throws IOException {
    Path target = resolve(path);
    if (!channels) {
      return LinuxFile.open(target.toString(), path, writable, create);
    }
    try {
      return new ChannelFile(FileChannel.open(target, openOptions(create)), path, this);
    } catch (IOException e) {
      throw translated(e, path, 1);
    }
  }

  @Override
  public boolean exists(String path) throws IOException {
    return Files.exists(resolve(path), LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  public List<String> list(String directory) throws IOException {
    Path target = resolve(directory);
    if (!Files.isDirectory(target)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(target)) {
      return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
    }
  }

  @Override
  public void createDirectory(String path) throws IOException {
    requireWritable();
    try {
      Files.createDirectories(resolve(path));
    } catch (IOException e) {
      throw translated(e, path, 1);
    }
  }

  @Override
  public void rename(String from, String to) throws IOException {
    requireWritable();
    try {
      Files.move(
          resolve(from),
          resolve(to),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw translated(e, to, 1);
    }
  }

  @Override
  public void delete(String path) throws IOException {
    requireWritable();
    Files.delete(resolve(path));
  }

  @Override
  public void syncDirectory(String path) throws IOException {
    requireWritable();
    Path directory = resolve(path);
    if (!channels) {
      LinuxFile.syncDirectory(directory.toString(), path);
      return;
    }
    boolean interrupted = Thread.interrupted();
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } finally {
      restore(interrupted);
    }
  }

  @Override
  public Closeable lock(String path) throws IOException {
    Path file = resolve(path).toAbsolutePath();
    // Closing any channel on a file drops every POSIX lock that the process holds on it, so a
    // second
    // attempt within this process must be refused before it opens the file.
    if (!writable && !Files.exists(file)) {
      return () -> {};
    }
    if (!LOCKED_HERE.add(file)) {
      throw new StoreLockedException(root.toString());
    }
    FileChannel channel = null;
    boolean held = false;
    try {
      channel =
          writable
              ? FileChannel.open(
                  file,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE)
              : FileChannel.open(file, StandardOpenOption.READ);
      if (channel.tryLock(0, Long.MAX_VALUE, !writable) == null) {
        throw new StoreLockedException(root.toString());
      }
      held = true;
      return new HeldLock(file, channel);
    } catch (IOException e) {
      throw translated(e, path, 1);
    } finally {
      if (!held) {
        if (channel != null) {
          channel.close();
        }
        LOCKED_HERE.remove(file);
      }
    }
  }

  private record HeldLock(Path file, FileChannel channel) implements Closeable {
    @Override
    public void close() throws IOException {
      if (channel.isOpen()) {
        channel.close();
        LOCKED_HERE.remove(file);
      }
    }
  }

  @Override
  public long usableBytes() throws IOException {
    return Files.getFileStore(root).getUsableSpace();
  }

  private Set<StandardOpenOption> openOptions(boolean create) {
    Set<StandardOpenOption> options = EnumSet.of(StandardOpenOption.READ);
    if (writable) {
      options.add(StandardOpenOption.WRITE);
    }
    if (create) {
      options.add(StandardOpenOption.CREATE_NEW);
    }
    return options;
  }

  private void requireWritable() {
    if (!writable) {
      throw new UnsupportedOperationException(root + " was opened to be read only");
    }
  }

  private Path resolve(String path) {
    Path resolved = root.resolve(path).normalize();
    if (!resolved.startsWith(root)) {
      throw new IllegalArgumentException("path leaves the store's directory: " + path);
    }
    return resolved;
  }

  /**
   * Turns a full disk into {@link DiskFullException}. The JDK hands on the platform's message,
   * which may be in the user's language, so the free space is asked for as a second witness.
   */
  IOException translated(IOException e, String path, long wantedBytes) {
    if (e instanceof NoSuchFileException
        || e instanceof FileAlreadyExistsException
        || e instanceof StoreLockedException) {
      return e;
    }
    String message = String.valueOf(e.getMessage());
    if (message.contains("No space left on device") || message.contains("Disk quota exceeded")) {
      return new DiskFullException(path, e);
    }
    try {
      if (usableBytes() < wantedBytes) {
        return new DiskFullException(path, e);
      }
    } catch (IOException unknown) {
      e.addSuppressed(unknown);
    }
    return e;
  }

  static void restore(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
