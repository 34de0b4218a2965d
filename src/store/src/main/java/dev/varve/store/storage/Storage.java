package dev.varve.store.storage;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * The files and directories of one store. Paths are relative to the store's own directory and
 * separated by {@code '/'}: {@code main/0000000004-000000000007.log}; {@code ""} is the directory
 * itself. Implementations are safe for use by several threads.
 *
 * <p>Nothing here is durable on return unless the method says so: a created, renamed or deleted
 * name survives a crash for sure only after {@link #syncDirectory} of its directory, a file's bytes
 * only after {@link StorageFile#sync}.
 */
public interface Storage {

  /**
   * Creates an empty file and opens it for reading and writing.
   *
   * @throws java.nio.file.FileAlreadyExistsException if the name is taken; nothing changes
   * @throws DiskFullException if there is no room for the entry; nothing is created
   */
  StorageFile create(String path) throws IOException;

  /**
   * Opens an existing file for reading and writing.
   *
   * @throws java.nio.file.NoSuchFileException if there is none
   */
  StorageFile open(String path) throws IOException;

  /** Whether a file or directory of this name exists. */
  boolean exists(String path) throws IOException;

  /** The names (not paths) of files and folders in a directory, sorted; empty if it is absent. */
  List<String> list(String directory) throws IOException;

  /** Creates a directory and its missing parents; does nothing if it exists. */
  void createDirectory(String path) throws IOException;

  /**
   * Renames a file atomically, replacing {@code to} if it exists.
   *
   * @throws java.nio.file.NoSuchFileException if {@code from} does not exist
   */
  void rename(String from, String to) throws IOException;

  /**
   * Deletes a file. Handles that are open on it stay usable.
   *
   * @throws java.nio.file.NoSuchFileException if it does not exist
   */
  void delete(String path) throws IOException;

  /** Makes every creation, rename and deletion in this directory so far durable on return. */
  void syncDirectory(String path) throws IOException;

  /**
   * Takes the exclusive lock of this name until the result is closed. The lock does not outlive the
   * process.
   *
   * @throws StoreLockedException naming the directory, if it is held by this or another process
   */
  Closeable lock(String path) throws IOException;

  /** Bytes that can still be written before the disk is full, as far as the platform tells. */
  long usableBytes() throws IOException;
}
