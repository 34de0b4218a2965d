package dev.varve.store;

import dev.varve.store.format.Crc32c;
import dev.varve.store.format.KeydirCheckpointWriter;
import dev.varve.store.format.SegmentId;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.recovery.DirectoryMarks;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Receives another member's image into a directory that no store has open. What is there already
 * and is the same stays: the caller compares each file's prefix with the source and asks only for
 * the rest, so a copy that was cut off goes on where it was.
 *
 * <p>From {@link #begin} to {@link #finish} the file {@code _installing} marks the directory, and
 * {@link Store#open} refuses it: half an image is no store. Files whose names begin with {@code _}
 * at the top are the member's own; those of the store among them (its marks, and the cut that it
 * may have begun) tell of the old contents and go at the start.
 *
 * <p>Use: {@code begin}; for each file {@link #localLength}, {@link #localCrc}, {@link #discard} if
 * the source has other bytes there, {@link #write} for the rest, {@link #isIntact}; {@code finish}.
 * Not for several threads.
 */
public final class ImageInstaller implements Closeable {

  /** Marks a directory that is being filled. */
  static final String MARKER = DirectoryMarks.INSTALLING;

  /** The lock that an open store holds too. */
  static final String LOCK = DirectoryMarks.LOCK;

  /** The manifest's folder. */
  private static final String MANIFEST = "_manifest";

  /** The kinds of files in a keyspace's folder; anything else there is not ours to delete. */
  private static final List<String> SUFFIXES =
      List.of(
          SegmentId.LOG_SUFFIX,
          SegmentId.HINT_SUFFIX,
          SegmentId.RUNS_SUFFIX,
          SegmentId.TEMPORARY_SUFFIX,
          KeydirCheckpointWriter.FILE);

  /** Files of the store that tell of its own past and would lie about the image. */
  private static final List<String> OF_THE_PAST =
      List.of(
          DurableMark.PATH, DurableMark.TEMPORARY, "_cut", "_cut.tmp", DirectoryMarks.REPAIRING);

  private final Storage storage;
  private final Closeable lock;
  private final Map<String, ImageFile> wanted = new LinkedHashMap<>();

  /** Of files of which everything that is here was read or written by this installer. */
  private final Map<String, Integer> crcs = new HashMap<>();

  private final Map<String, StorageFile> open = new HashMap<>();

  private ImageInstaller(Storage storage, Closeable lock, List<ImageFile> files) {
    this.storage = storage;
    this.lock = lock;
    files.forEach(f -> wanted.put(f.path(), f));
  }

  /**
   * Marks the directory, durably, and removes the store's files that the image does not have.
   *
   * @throws dev.varve.store.storage.StoreLockedException if a store has the directory open
   */
  public static ImageInstaller begin(Storage storage, List<ImageFile> files) throws IOException {
    for (ImageFile file : files) {
      if (file.path().startsWith("/") || file.path().contains("..") || file.length() < 0) {
        throw new IOException("an image can't have a file " + file);
      }
    }
    Closeable lock = storage.lock(LOCK);
    try {
      ImageInstaller installer = new ImageInstaller(storage, lock, files);
      installer.mark();
      installer.removeOthers();
      return installer;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private void mark() throws IOException {
    if (!storage.exists(MARKER)) {
      storage.create(MARKER).close();
    }
    storage.syncDirectory("");
  }

  private void removeOthers() throws IOException {
    for (String path : OF_THE_PAST) {
      if (storage.exists(path)) {
        storage.delete(path);
      }
    }
    Set<String> directories = new LinkedHashSet<>();
    wanted.keySet().forEach(path -> directories.add(directoryOf(path)));
    for (String name : storage.list("")) {
      // Other folders, such as a file system's lost+found, are not the store's.
      if (name.equals(MANIFEST) || KeyspaceOptions.isName(name)) {
        directories.add(name);
      }
    }
    directories.remove("");
    for (String directory : directories) {
      storage.createDirectory(directory);
      for (String name : storage.list(directory)) {
        String path = directory + '/' + name;
        if (!wanted.containsKey(path) && SUFFIXES.stream().anyMatch(name::endsWith)) {
          storage.delete(path);
        }
      }
      storage.syncDirectory(directory);
    }
    storage.syncDirectory("");
  }

  /** Bytes of the file that are here, at most as many as the image has. */
  public long localLength(String path) throws IOException {
    return storage.exists(path) ? Math.min(file(path).size(), length(path)) : 0;
  }

  /** CRC32C of those bytes. */
  public int localCrc(String path) throws IOException {
    long length = localLength(path);
    int crc = length == 0 ? 0 : FileChecksum.of(file(path), length);
    crcs.put(path, crc);
    return crc;
  }

  /**
   * Whether a file that is whole is what the source's manifest says, whatever the source sent; true
   * where it does not tell. What this installer wrote itself is not read again.
   */
  public boolean isIntact(String path) throws IOException {
    ImageFile file = wanted(path);
    Integer expected = file.crc();
    if (expected == null) {
      return true;
    }
    Integer known = crcs.get(path);
    return expected == (known == null ? localCrc(path) : known);
  }

  /** Starts the file anew: the source has other bytes. */
  public void discard(String path) throws IOException {
    file(path).truncate(0);
    crcs.put(path, 0);
  }

  /**
   * Writes at the end of what is here. Not durable before {@link #finish}.
   *
   * @throws IllegalArgumentException if it would leave a gap or go beyond the image
   */
  public void write(String path, long offset, ByteBuffer bytes) throws IOException {
    if (offset != localLength(path) || offset + bytes.remaining() > length(path)) {
      throw new IllegalArgumentException(
          bytes.remaining() + " bytes at " + offset + " do not continue " + path);
    }
    Integer before = offset == 0 ? Integer.valueOf(0) : crcs.get(path);
    if (before == null) {
      file(path).write(new ByteBuffer[] {bytes}, offset);
      return;
    }
    int after = Crc32c.combine(before, Crc32c.of(bytes.duplicate()), bytes.remaining());
    file(path).write(new ByteBuffer[] {bytes}, offset);
    crcs.put(path, after);
  }

  /**
   * Syncs everything and removes the mark: on return the directory is a store that can be opened.
   *
   * @param lastSequence the last sequence of the image, all of which is committed: noted durably,
   *     since the image has none of the files that an earlier state would need
   * @throws IllegalStateException if a file is not whole
   * @throws CorruptionException if one is not {@link #isIntact intact}; the directory stays marked,
   *     and the file's bytes are discarded, so that the next copy asks for them anew
   */
  public void finish(long lastSequence) throws IOException {
    for (ImageFile file : wanted.values()) {
      StorageFile local = file(file.path());
      if (local.size() < file.length()) {
        throw new IllegalStateException(
            file.path() + " has " + local.size() + " of " + file.length() + " bytes");
      }
      if (!isIntact(file.path())) {
        discard(file.path());
        throw new CorruptionException(
            file.path(), 0, "what was received has another checksum than its manifest says");
      }
      local.truncate(file.length());
      local.sync();
    }
    Set<String> directories = new LinkedHashSet<>();
    wanted.keySet().forEach(path -> directories.add(directoryOf(path)));
    for (String directory : directories) {
      storage.syncDirectory(directory);
    }
    try (DurableMark mark = DurableMark.open(storage)) {
      mark.confirm(lastSequence);
    }
    storage.syncDirectory("");
    storage.delete(MARKER);
    storage.syncDirectory("");
  }

  private StorageFile file(String path) throws IOException {
    StorageFile file = open.get(path);
    if (file == null) {
      length(path);
      file = storage.exists(path) ? storage.open(path) : storage.create(path);
      open.put(path, file);
    }
    return file;
  }

  private long length(String path) {
    return wanted(path).length();
  }

  private ImageFile wanted(String path) {
    ImageFile file = wanted.get(path);
    if (file == null) {
      throw new IllegalArgumentException("the image has no " + path);
    }
    return file;
  }

  private static String directoryOf(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  /** Lets the directory go; without {@link #finish} the copy can be resumed. */
  @Override
  public void close() throws IOException {
    List<IOException> failures = new ArrayList<>();
    for (StorageFile file : open.values()) {
      try {
        file.close();
      } catch (IOException e) {
        failures.add(e);
      }
    }
    open.clear();
    lock.close();
    if (!failures.isEmpty()) {
      throw failures.getFirst();
    }
  }
}
