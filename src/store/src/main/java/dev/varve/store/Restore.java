package dev.varve.store;

import dev.varve.store.recovery.BackupManifest;
import dev.varve.store.storage.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Puts a backup into an empty directory. From {@link #begin} to {@link #finish} the directory is
 * marked and {@link Store#open} refuses it, so that one that was cut off never passes for a store;
 * it can be begun again. The restored directory has no identity of a replicated member: it opens
 * standalone. Not for several threads.
 */
public final class Restore implements Closeable {
  /** The identity of a replicated member: a directory with one is not a restore's to fill. */
  private static final String IDENTITY = "_r-member";

  private final BackupManifest manifest;
  private final ImageInstaller installer;

  private Restore(BackupManifest manifest, ImageInstaller installer) {
    this.manifest = manifest;
    this.installer = installer;
  }

  /**
   * Marks the directory, durably.
   *
   * @throws NotEmptyException if there is anything but what a restore that was cut off left;
   *     nothing was changed
   * @throws dev.varve.store.storage.StoreLockedException if a store has the directory open
   */
  public static Restore begin(Storage storage, BackupManifest manifest) throws IOException {
    Set<String> names = new HashSet<>(storage.list(""));
    boolean again = names.contains(ImageInstaller.MARKER) && !names.contains(IDENTITY);
    names.removeAll(List.of(ImageInstaller.LOCK, "lost+found"));
    if (!names.isEmpty() && !again) {
      throw new NotEmptyException(names.stream().sorted().findFirst().orElse(""));
    }
    List<ImageFile> files =
        manifest.files().stream().map(f -> new ImageFile(f.path(), f.length())).toList();
    for (ImageFile file : files) {
      String _ = StorePaths.checked(file.path());
    }
    ImageInstaller installer = ImageInstaller.begin(storage, files);
    try {
      for (ImageFile file : files) {
        if (installer.localLength(file.path()) > 0) {
          installer.discard(file.path());
        }
      }
      return new Restore(manifest, installer);
    } catch (IOException | RuntimeException e) {
      installer.close();
      throw e;
    }
  }

  /** The directory has files, of a store or of somebody else. */
  public static final class NotEmptyException extends IOException {
    private static final long serialVersionUID = 1L;

    NotEmptyException(String name) {
      super("the directory is not empty: it has " + name);
    }
  }

  /** Writes at the end of what a file has so far. Not durable before {@link #finish}. */
  public void write(String path, long offset, ByteBuffer bytes) throws IOException {
    installer.write(path, offset, bytes);
  }

  /**
   * Reads every file again and compares it with the backup's manifest, then syncs everything and
   * removes the mark: on return the directory is durable and a store that can be opened.
   *
   * @throws IOException if a file is not what was backed up; the directory stays marked
   */
  public void finish() throws IOException {
    for (BackupManifest.BackedUp file : manifest.files()) {
      long length = installer.localLength(file.path());
      if (length != file.length()) {
        throw new IOException(
            "the backup has " + length + " of " + file.length() + " bytes of " + file.path());
      }
      if (installer.localCrc(file.path()) != file.crc()) {
        throw new IOException("the backup's " + file.path() + " has another CRC32C than it had");
      }
    }
    installer.finish(manifest.sequence());
  }

  /** Lets the directory go. */
  @Override
  public void close() throws IOException {
    installer.close();
  }
}
