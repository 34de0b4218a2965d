package dev.varve.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** A backup as one tar file, which gets its name when it is whole and durable. */
final class ArchiveTarget implements BackupTarget {
  private final Path target;
  private final Path part;
  private final FileChannel channel;
  private final BufferedOutputStream buffered;
  private final TarArchiveOutputStream tar;
  private boolean begun;
  private boolean finished;

  private ArchiveTarget(Path target, Path part, FileChannel channel) {
    this.target = target;
    this.part = part;
    this.channel = channel;
    this.buffered = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 20);
    this.tar = new TarArchiveOutputStream(buffered);
    tar.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
  }

  static ArchiveTarget create(Path target) throws IOException {
    if (Files.exists(target)) {
      throw new UsageException(target + " is there already");
    }
    Path part = Path.of(target + ".part");
    return new ArchiveTarget(
        target.toAbsolutePath(),
        part.toAbsolutePath(),
        FileChannel.open(
            part,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE));
  }

  @Override
  public void begin(String path, long length) throws IOException {
    if (begun) {
      tar.closeArchiveEntry();
    }
    TarArchiveEntry entry = new TarArchiveEntry(path);
    entry.setSize(length);
    tar.putArchiveEntry(entry);
    begun = true;
  }

  @Override
  public void write(byte[] bytes) throws IOException {
    tar.write(bytes);
  }

  @Override
  public void finish() throws IOException {
    tar.closeArchiveEntry();
    tar.finish();
    buffered.flush(); // the tar stream's own flush stops short of it
    channel.force(true);
    channel.close();
    Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    Path folder = target.getParent();
    if (folder != null) {
      DirectoryTarget.syncDirectory(folder);
    }
    finished = true;
  }

  @Override
  public void close() throws IOException {
    if (!finished) {
      channel.close();
      Files.deleteIfExists(part);
    }
  }
}
