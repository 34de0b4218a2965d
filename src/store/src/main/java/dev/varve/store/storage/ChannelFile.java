package dev.varve.store.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One open file of a {@link PosixStorage} where {@link LinuxFile} is not to be had. Interrupting a
 * thread inside one of its calls closes the file for every thread; an interrupt that is already
 * pending is set aside during each call and restored after it.
 */
final class ChannelFile implements StorageFile {

  private final FileChannel channel;
  private final String path;
  private final PosixStorage storage;

  /** Guards the channel's position, which only gathered writes use. */
  private final ReentrantLock position = new ReentrantLock();

  ChannelFile(FileChannel channel, String path, PosixStorage storage) {
    this.channel = channel;
    this.path = path;
    this.storage = storage;
  }

  @Override
  public long size() throws IOException {
    return channel.size();
  }

  @Override
  public int read(ByteBuffer target, long offset) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      int total = 0;
      while (target.hasRemaining()) {
        int read = channel.read(target, offset + total);
        if (read < 0) {
          break;
        }
        total += read;
      }
      return total;
    } finally {
      PosixStorage.restore(interrupted);
    }
  }

  @Override
  public void write(ByteBuffer[] sources, long offset) throws IOException {
    boolean interrupted = Thread.interrupted();
    position.lock();
    try {
      long remaining = 0;
      for (ByteBuffer source : sources) {
        remaining += source.remaining();
      }
      try {
        channel.position(offset);
        int first = 0;
        while (remaining > 0) {
          while (!sources[first].hasRemaining()) {
            first++;
          }
          // One call takes 1,024 buffers at most and may write less than it was given.
          remaining -= channel.write(sources, first, sources.length - first);
        }
      } catch (IOException e) {
        throw storage.translated(e, path, remaining);
      }
    } finally {
      position.unlock();
      PosixStorage.restore(interrupted);
    }
  }

  @Override
  public void truncate(long size) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      channel.truncate(size);
    } finally {
      PosixStorage.restore(interrupted);
    }
  }

  @Override
  public void sync() throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      // Not translated: even where the cause is a full disk, a failed sync is a failed sync.
      channel.force(true); // data alone need not include the size on every system
    } finally {
      PosixStorage.restore(interrupted);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  @Override
  public String toString() {
    return path;
  }
}
