package dev.varve.store.storage;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.Arrays;

/**
 * The bytes of a file of a {@link MemoryStorage}, for as long as it has a name or an open handle.
 *
 * <p>Writes and truncations exclude each other. Reads take no lock: a size is published after the
 * bytes below it, and only the first chunk is ever replaced, by a larger one while the old one
 * stays readable. So a file takes 1 KiB at least, and 21 KiB too much at most.
 */
final class MemoryInode {
  private static final int CHUNK_BYTES = 64 << 10;
  private static final int FIRST_CHUNK_BYTES = 1 << 10;

  private final MemoryStorage storage;

  /** Shared, so that any thread reads; closed once, with the file: that costs a handshake. */
  private final Arena arena = Arena.ofShared();

  private volatile MemorySegment[] chunks = {};
  private int chunkCount;
  private long takenBytes;
  private volatile long size;
  private int handles;
  private boolean linked;
  private boolean freed;

  MemoryInode(MemoryStorage storage) {
    this.storage = storage;
  }

  synchronized void link() {
    linked = true;
  }

  synchronized void unlink() {
    linked = false;
    freeIfUnused();
  }

  synchronized StorageFile handle(String path, boolean makesRoom) {
    handles++;
    return new Handle(path, makesRoom);
  }

  private synchronized void released() {
    handles--;
    freeIfUnused();
  }

  private void freeIfUnused() {
    if (!linked && handles == 0) {
      free();
    }
  }

  synchronized void free() {
    if (!freed) {
      freed = true;
      arena.close();
      storage.giveBack(takenBytes);
    }
  }

  private int read(ByteBuffer target, long offset) {
    long left = Math.min(target.remaining(), size - offset);
    MemorySegment[] now = chunks; // after the size: it has all that lies below it
    int total = 0;
    while (left > 0) {
      long at = offset + total;
      int within = (int) (at % CHUNK_BYTES);
      int part = (int) Math.min(left, CHUNK_BYTES - within);
      MemorySegment.copy(
          now[(int) (at / CHUNK_BYTES)], within, MemorySegment.ofBuffer(target), 0, part);
      target.position(target.position() + part);
      total += part;
      left -= part;
    }
    return total;
  }

  private synchronized void write(ByteBuffer[] sources, long offset, String path, boolean makesRoom)
      throws DiskFullException {
    long end = offset;
    for (ByteBuffer source : sources) {
      end += source.remaining();
    }
    grow(end, path, makesRoom);
    long at = offset;
    for (ByteBuffer source : sources) {
      while (source.hasRemaining()) {
        int within = (int) (at % CHUNK_BYTES);
        int part = Math.min(source.remaining(), CHUNK_BYTES - within);
        MemorySegment.copy(
            MemorySegment.ofBuffer(source), 0, chunks[(int) (at / CHUNK_BYTES)], within, part);
        source.position(source.position() + part);
        at += part;
      }
    }
    size = Math.max(size, end);
  }

  private void grow(long bytes, String path, boolean makesRoom) throws DiskFullException {
    int wanted = Math.toIntExact((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
    long first = chunkCount == 0 ? 0 : chunks[0].byteSize();
    long firstWanted = bytes > first ? firstChunk(bytes) : first;
    long more = Math.max(0, wanted - Math.max(chunkCount, 1)) * (long) CHUNK_BYTES;
    long taken = more + (firstWanted > first ? firstWanted : 0);
    if (taken == 0) {
      return;
    }
    storage.take(taken, path, makesRoom);
    takenBytes += taken;
    int room = wanted > chunks.length ? Math.max(wanted, 2 * chunks.length) : chunks.length;
    MemorySegment[] grown = Arrays.copyOf(chunks, room);
    if (firstWanted > first) {
      MemorySegment larger = arena.allocate(firstWanted);
      if (chunkCount > 0) {
        MemorySegment.copy(chunks[0], 0, larger, 0, first);
      }
      grown[0] = larger;
      chunkCount = Math.max(chunkCount, 1);
    }
    while (chunkCount < wanted) {
      grown[chunkCount++] = arena.allocate(CHUNK_BYTES);
    }
    chunks = grown; // not the same array: a reader may be at the smaller first chunk
  }

  /** Small files are many: marks, lists of runs. */
  private static long firstChunk(long bytes) {
    long size = FIRST_CHUNK_BYTES;
    while (size < bytes && size < CHUNK_BYTES) {
      size *= 4;
    }
    return size;
  }

  /** The memory stays for what is written next; a file that was cut is written again at once. */
  private synchronized void truncate(long to) {
    long before = size;
    size = Math.min(to, before);
    for (long at = to; at < before; at += CHUNK_BYTES - at % CHUNK_BYTES) {
      long within = at % CHUNK_BYTES;
      long part = Math.min(before - at, CHUNK_BYTES - within);
      chunks[(int) (at / CHUNK_BYTES)].asSlice(within, part).fill((byte) 0);
    }
  }

  private final class Handle implements StorageFile {
    private final String path;
    private final boolean makesRoom;
    private volatile boolean closed;

    Handle(String path, boolean makesRoom) {
      this.path = path;
      this.makesRoom = makesRoom;
    }

    @Override
    public long size() throws ClosedChannelException {
      requireOpen();
      return size;
    }

    @Override
    public int read(ByteBuffer target, long offset) throws ClosedChannelException {
      requireOpen();
      return MemoryInode.this.read(target, offset);
    }

    @Override
    public void write(ByteBuffer[] sources, long offset)
        throws ClosedChannelException, DiskFullException {
      requireOpen();
      MemoryInode.this.write(sources, offset, path, makesRoom);
    }

    @Override
    public void truncate(long to) throws ClosedChannelException {
      requireOpen();
      MemoryInode.this.truncate(to);
    }

    @Override
    public void sync() throws ClosedChannelException {
      requireOpen();
    }

    @Override
    public void close() {
      synchronized (this) {
        if (closed) {
          return;
        }
        closed = true;
      }
      released();
    }

    private void requireOpen() throws ClosedChannelException {
      if (closed) {
        throw new ClosedChannelException();
      }
    }

    @Override
    public String toString() {
      return path;
    }
  }
}
