package dev.varve.store.storage;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One open file of a {@link PosixStorage} on Linux. Interrupts have no effect on it: they stay
 * pending, and the file open.
 */
final class LinuxFile implements StorageFile {
  /** Set in {@link #users} once the file is closed for all who come later. */
  private static final int CLOSED = 1 << 31;

  /** Fewer bytes are copied and go with others in one call. */
  private static final int DIRECT_BYTES_MIN = 16 << 10;

  private final int file;
  private final String path;

  /**
   * How many calls are under way. The last one after {@link #close} gives the file's number back:
   * the next file that is opened gets it, and a call still under way would read or write that one.
   */
  private final AtomicInteger users = new AtomicInteger();

  private LinuxFile(int file, String path) {
    this.file = file;
    this.path = path;
  }

  /**
   * Opens a file.
   *
   * @param file its whole path
   * @param path its path within the storage, which exceptions name
   */
  static LinuxFile open(String file, String path, boolean writable, boolean create)
      throws IOException {
    CallMemory memory = CallMemory.take();
    try {
      return new LinuxFile(LinuxCalls.open(memory, file, writable, create, path), path);
    } finally {
      memory.giveBack();
    }
  }

  /** Makes a directory's entries durable. */
  static void syncDirectory(String directory, String path) throws IOException {
    LinuxFile opened = open(directory, path, false, false);
    CallMemory memory = opened.enter();
    try {
      LinuxCalls.syncAll(memory, opened.file, path);
    } finally {
      opened.leave(memory);
      opened.close();
    }
  }

  private CallMemory enter() throws IOException {
    int now = users.get();
    while (now >= 0) {
      int seen = users.compareAndExchange(now, now + 1);
      if (seen == now) {
        return CallMemory.take();
      }
      now = seen;
    }
    throw new ClosedChannelException();
  }

  private void leave(CallMemory memory) throws IOException {
    try {
      if (users.decrementAndGet() == CLOSED) {
        LinuxCalls.close(memory, file, path);
      }
    } finally {
      memory.giveBack();
    }
  }

  @Override
  public long size() throws IOException {
    CallMemory memory = enter();
    try {
      return LinuxCalls.size(memory, file, path);
    } finally {
      leave(memory);
    }
  }

  @Override
  public int read(ByteBuffer target, long offset) throws IOException {
    CallMemory memory = enter();
    try {
      return target.isDirect()
          ? readDirectly(memory, target, offset)
          : readThrough(memory, target, offset);
    } finally {
      leave(memory);
    }
  }

  private int readDirectly(CallMemory memory, ByteBuffer target, long offset) throws IOException {
    MemorySegment into = MemorySegment.ofBuffer(target);
    long read = readFully(memory, into, into.byteSize(), offset);
    target.position(target.position() + (int) read);
    return (int) read;
  }

  private int readThrough(CallMemory memory, ByteBuffer target, long offset) throws IOException {
    MemorySegment bytes = memory.bytes(target.remaining());
    int total = 0;
    while (target.hasRemaining()) {
      int wanted = (int) Math.min(bytes.byteSize(), target.remaining());
      int read = (int) readFully(memory, bytes, wanted, offset + total);
      target.put(bytes.asSlice(0, read).asByteBuffer());
      total += read;
      if (read < wanted) {
        break;
      }
    }
    return total;
  }

  /** Reads until there is as much as was wanted or the file ends. */
  private long readFully(CallMemory memory, MemorySegment into, long wanted, long offset)
      throws IOException {
    long read = LinuxCalls.read(memory, file, into, wanted, offset, path);
    long total = read;
    while (read > 0 && total < wanted) {
      read =
          LinuxCalls.read(memory, file, into.asSlice(total), wanted - total, offset + total, path);
      total += read;
    }
    return total;
  }

  @Override
  public void write(ByteBuffer[] sources, long offset) throws IOException {
    CallMemory memory = enter();
    try {
      long wanted = 0;
      for (ByteBuffer source : sources) {
        if (!goesDirectly(source)) {
          wanted += source.remaining();
        }
      }
      MemorySegment bytes = memory.bytes(wanted);
      ByteBuffer gathered = bytes.asByteBuffer();
      long at = offset;
      for (ByteBuffer source : sources) {
        if (goesDirectly(source)) {
          at += writeAll(memory, bytes, gathered.position(), at);
          gathered.clear();
          at += writeAll(memory, MemorySegment.ofBuffer(source), source.remaining(), at);
          source.position(source.limit());
        }
        while (source.hasRemaining()) {
          if (!gathered.hasRemaining()) {
            at += writeAll(memory, bytes, gathered.position(), at);
            gathered.clear();
          }
          int taken = Math.min(source.remaining(), gathered.remaining());
          gathered.put(gathered.position(), source, source.position(), taken);
          gathered.position(gathered.position() + taken);
          source.position(source.position() + taken);
        }
      }
      writeAll(memory, bytes, gathered.position(), at);
    } finally {
      leave(memory);
    }
  }

  /** Whether its bytes are where C sees them, and so many that copying costs more than a call. */
  private static boolean goesDirectly(ByteBuffer source) {
    return source.isDirect() && source.remaining() >= DIRECT_BYTES_MIN;
  }

  private int writeAll(CallMemory memory, MemorySegment bytes, int wanted, long offset)
      throws IOException {
    int total = 0;
    while (total < wanted) {
      total +=
          (int)
              LinuxCalls.write(
                  memory, file, bytes.asSlice(total), wanted - total, offset + total, path);
    }
    return total;
  }

  @Override
  public void truncate(long size) throws IOException {
    CallMemory memory = enter();
    try {
      if (size < LinuxCalls.size(memory, file, path)) {
        LinuxCalls.resize(memory, file, size, path);
      }
    } finally {
      leave(memory);
    }
  }

  /**
   * {@code fdatasync}: on Linux it also makes the file's size durable, and spares the journal
   * commit for a mere change of times.
   */
  @Override
  public void sync() throws IOException {
    CallMemory memory = enter();
    try {
      LinuxCalls.syncData(memory, file, path);
    } finally {
      leave(memory);
    }
  }

  @Override
  public void writeBack(long offset, long bytes) throws IOException {
    CallMemory memory = enter();
    try {
      LinuxCalls.writeBack(memory, file, offset, bytes);
    } finally {
      leave(memory);
    }
  }

  @Override
  public void close() throws IOException {
    if (users.getAndUpdate(now -> now | CLOSED) == 0) {
      CallMemory memory = CallMemory.take();
      try {
        LinuxCalls.close(memory, file, path);
      } finally {
        memory.giveBack();
      }
    }
  }

  @Override
  public String toString() {
    return path;
  }
}
