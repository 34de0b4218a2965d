package dev.varve.store.storage;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Another storage, of which at most so many files are open at a time. A file that was opened here
 * stays usable for as long as its user has it: the handle beneath is closed while nobody uses it,
 * the one that was not used for longest first, and opened again when it is.
 *
 * <p>Never closed is the handle of a file that a call is using, that has bytes which no sync has
 * covered, or that was deleted, renamed or replaced. Where all are like that, more are open than
 * should be; nothing fails for it.
 *
 * <p>All changes of names must go through this object. A lock and the directories that are synced
 * do not count.
 */
public final class BoundedStorage extends ForwardingStorage {
  private final OpenFiles openFiles;

  /** Files that their users have not closed, by path; guarded by itself. */
  private final Map<String, List<BoundedFile>> files = new HashMap<>();

  /** Paths that are about to lead to another file or none, once for each change; by the same. */
  private final List<String> changing = new ArrayList<>();

  /** A change of names. */
  @FunctionalInterface
  private interface Change {
    void make() throws IOException;
  }

  /**
   * Bounds the open files of a storage, none of which are open yet.
   *
   * @param openFilesMax at least 1
   */
  public BoundedStorage(Storage storage, int openFilesMax) {
    super(storage);
    if (openFilesMax < 1) {
      throw new IllegalArgumentException("openFilesMax must be at least 1: " + openFilesMax);
    }
    this.openFiles = new OpenFiles(openFilesMax);
  }

  /** How many files are open now. */
  public int openFiles() {
    return openFiles.count();
  }

  @Override
  public StorageFile create(String path) throws IOException {
    return BoundedFile.open(this, openFiles, path, () -> storage().create(path));
  }

  @Override
  public StorageFile open(String path) throws IOException {
    return BoundedFile.open(this, openFiles, path, () -> storage().open(path));
  }

  /**
   * Opens a file whose handle was closed, by its name, which is still its own.
   *
   * @throws IOException saying so, if that fails; the next call tries again
   */
  StorageFile openAgain(String path) throws IOException {
    try {
      return openFiles.open(() -> storage().open(path));
    } catch (IOException e) {
      throw new IOException(
          path
              + ", closed while it was idle to have at most "
              + openFiles.max()
              + " files open, could not be opened again: "
              + e,
          e);
    }
  }

  /**
   * Takes note of a file before it is opened by its name.
   *
   * @return false if that name may not be used again: it is about to be another file's
   */
  boolean remember(BoundedFile file) {
    synchronized (files) {
      files.computeIfAbsent(file.path(), path -> new ArrayList<>(1)).add(file);
      return !changing.contains(file.path());
    }
  }

  /** The file's user has closed it. */
  void forget(BoundedFile file) {
    synchronized (files) {
      List<BoundedFile> ofPath = files.get(file.path());
      if (ofPath != null && ofPath.remove(file) && ofPath.isEmpty()) {
        files.remove(file.path());
      }
    }
  }

  @Override
  public void rename(String from, String to) throws IOException {
    change(List.of(from, to), () -> storage().rename(from, to));
  }

  @Override
  public void delete(String path) throws IOException {
    change(List.of(path), () -> storage().delete(path));
  }

  /**
   * Keeps the handles of paths open for good, then changes where the paths lead to. What is opened
   * meanwhile is kept open too, whichever file it finds.
   */
  private void change(List<String> paths, Change change) throws IOException {
    List<BoundedFile> found = new ArrayList<>();
    synchronized (files) {
      changing.addAll(paths);
      for (String path : paths) {
        found.addAll(files.getOrDefault(path, List.of()));
      }
    }
    try {
      for (BoundedFile file : found) {
        file.pin();
      }
      change.make();
    } finally {
      synchronized (files) {
        paths.forEach(changing::remove);
      }
    }
  }
}
