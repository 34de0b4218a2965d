package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.jetbrains.lincheck.datastructures.Operation;

/**
 * One key that is written, read, and moved to a new segment by compaction, whose input is retired
 * at once, as the applier, {@link Store#get}, adoption and retirement do it. Whatever runs beside
 * it, a read finds the newest record (pitfalls 2, 3 and 7; guards: {@code SubTable.replace}, {@code
 * SegmentReader.tryAcquire}).
 */
public class SwappedKey {
  private static final byte[] KEY = {7};
  private static final long HASH = Hash.of(KEY);

  private final Keyspace keyspace =
      new Keyspace(
          "main",
          KeyspaceType.KEY_VALUE,
          1 << 20,
          100,
          1000,
          new RecordCache(1 << 20),
          new DamagedFiles());
  private final ReentrantLock applying = new ReentrantLock();
  private final ReentrantLock maintenance = new ReentrantLock();
  private long sequence;
  private long segments;

  /** The same for one thread alone: what every order of operations must look like. */
  public static class Register {
    private long sequence;

    public long write() {
      return ++sequence;
    }

    public long read() {
      return sequence;
    }

    public void compact() {}
  }

  /** The sequence that it got. */
  @Operation
  public long write() {
    applying.lock();
    try {
      long now = sequence + 1;
      keyspace.apply(HASH, KEY, place(now), 0);
      sequence = now;
      return now;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      applying.unlock();
    }
  }

  /** The sequence of the record that it found; 0: none. */
  @Operation
  public long read() {
    try {
      LogRecord found = keyspace.find(KEY);
      return found == null ? 0 : found.sequence();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Operation
  public void compact() {
    maintenance.lock();
    try {
      Keyspace.Found input = keyspace.locate(KEY);
      if (input == null) {
        return;
      }
      Location from = input.location();
      LiveSegment segment = keyspace.table().at(from.segment());
      keyspace.move(HASH, from, place(input.record().sequence()), 0);
      if (segment != null) {
        keyspace.table().remove(segment);
        segment.reader().retire(() -> close(segment.reader()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      maintenance.unlock();
    }
  }

  private static void close(SegmentReader reader) {
    try {
      reader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A new segment with the key's record of that sequence. */
  private synchronized Location place(long of) {
    byte[] value = {1};
    ByteBuffer record = ByteBuffer.allocate(RecordCodec.encodedLength(KEY.length, value.length));
    RecordCodec.encode(RecordKind.PUT, of, 1, 0, 1, 0, KEY, value, record);
    SegmentReader reader = new SegmentReader(new WrittenFile(record.array()), "main.log");
    try {
      LiveSegment segment = keyspace.table().add(new SegmentId(1, ++segments), () -> reader);
      return new Location(segment.slot(), 0, record.capacity(), false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file with these bytes, until it is closed. */
  private static final class WrittenFile implements StorageFile {
    private final byte[] bytes;
    private volatile boolean closed;

    WrittenFile(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    public long size() {
      return bytes.length;
    }

    @Override
    public int read(ByteBuffer target, long offset) throws IOException {
      if (closed) {
        throw new IOException("read after it was closed");
      }
      int length = Math.min(target.remaining(), bytes.length - (int) offset);
      target.put(bytes, (int) offset, length);
      return length;
    }

    @Override
    public void write(ByteBuffer[] sources, long offset) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void truncate(long size) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void sync() {}

    @Override
    public void close() {
      closed = true;
    }
  }
}
