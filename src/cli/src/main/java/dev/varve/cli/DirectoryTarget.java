package dev.varve.cli;

import dev.varve.store.recovery.BackupManifest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A backup as a directory. Its manifest gets its name when all else is durable; without {@link
 * #finish} the files stay, to be deleted by hand, but no manifest does.
 */
final class DirectoryTarget implements BackupTarget {
  private final Path root;
  private final Set<Path> folders = new LinkedHashSet<>();
  private @Nullable FileChannel open;

  private DirectoryTarget(Path root) {
    this.root = root;
    folders.add(root);
  }

  static DirectoryTarget create(Path root) throws IOException {
    Files.createDirectories(root);
    try (Stream<Path> there = Files.list(root)) {
      if (there.findAny().isPresent()) {
        throw new UsageException(root + " is not empty");
      }
    }
    return new DirectoryTarget(root.toRealPath());
  }

  @Override
  public void begin(String path, long length) throws IOException {
    endFile();
    String name = path.equals(BackupManifest.PATH) ? path + ".part" : path;
    Path file = root.resolve(name).normalize();
    Path folder = file.getParent();
    if (folder == null || !file.startsWith(root) || file.equals(root)) {
      throw new CommandFailure("the server named a file outside of the backup: " + path, null);
    }
    Files.createDirectories(folder);
    folders.add(folder);
    open = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  @Override
  public void write(byte[] bytes) throws IOException {
    FileChannel channel = open;
    if (channel == null) {
      throw new IllegalStateException("no file was begun");
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private void endFile() throws IOException {
    FileChannel channel = open;
    if (channel != null) {
      channel.force(true);
      channel.close();
      open = null;
    }
  }

  @Override
  public void finish() throws IOException {
    endFile();
    for (Path folder : folders) {
      syncDirectory(folder);
    }
    Files.move(
        root.resolve(BackupManifest.PATH + ".part"),
        root.resolve(BackupManifest.PATH),
        StandardCopyOption.ATOMIC_MOVE);
    syncDirectory(root);
  }

  /** Makes the names in a directory durable. */
  static void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public void close() throws IOException {
    FileChannel channel = open;
    if (channel != null) {
      channel.close();
    }
  }
}
