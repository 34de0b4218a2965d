package dev.varve.cli;

import dev.varve.store.recovery.BackupManifest;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.jspecify.annotations.Nullable;

/** A backup that is read: a directory, or a tar file of one. */
final class BackupFiles implements Closeable {
  private final Path backup;
  private final @Nullable TarFile tar;

  private BackupFiles(Path backup, @Nullable TarFile tar) {
    this.backup = backup;
    this.tar = tar;
  }

  static BackupFiles open(Path backup) throws IOException {
    if (Files.isDirectory(backup)) {
      return new BackupFiles(backup.toRealPath(), null);
    }
    if (!Files.isRegularFile(backup)) {
      throw new UsageException(backup + " is no backup: neither a directory nor a file");
    }
    return new BackupFiles(backup, new TarFile(backup));
  }

  BackupManifest manifest() throws IOException {
    try (InputStream in = read(BackupManifest.PATH)) {
      byte[] bytes = in.readNBytes(BackupManifest.BYTES_MAX + 1);
      if (bytes.length > BackupManifest.BYTES_MAX) {
        throw new IOException(backup + ": its file " + BackupManifest.PATH + " is too long");
      }
      return BackupManifest.decode(bytes);
    }
  }

  /** A file's bytes, front to back. */
  InputStream read(String path) throws IOException {
    TarFile archive = tar;
    if (archive == null) {
      Path file = backup.resolve(path).normalize();
      if (!file.startsWith(backup)) {
        throw new IOException("a path that leaves the backup: " + path);
      }
      if (!Files.isRegularFile(file)) {
        throw missing(path);
      }
      return Files.newInputStream(file);
    }
    for (TarArchiveEntry entry : archive.getEntries()) {
      if (entry.isFile() && entry.getName().equals(path)) {
        return archive.getInputStream(entry);
      }
    }
    throw missing(path);
  }

  private CommandFailure missing(String path) {
    return new CommandFailure(
        backup
            + (path.equals(BackupManifest.PATH)
                ? " is no whole backup: it has no file " + path
                : " lacks its file " + path),
        null);
  }

  @Override
  public void close() throws IOException {
    TarFile archive = tar;
    if (archive != null) {
      archive.close();
    }
  }
}
