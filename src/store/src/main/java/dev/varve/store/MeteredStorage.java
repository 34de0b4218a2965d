package dev.varve.store;

import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.storage.ForwardingStorage;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** A storage that counts the bytes written through it, by the keyspace whose files they are. */
final class MeteredStorage extends ForwardingStorage {
  private final LongAdder all = new LongAdder();
  private final Map<String, LongAdder> byKeyspace = new ConcurrentHashMap<>();

  MeteredStorage(Storage storage) {
    super(storage);
  }

  /** The storage itself, for what is not to be counted. */
  Storage unmetered() {
    return storage();
  }

  /** Bytes written to all files. */
  long bytes() {
    return all.sum();
  }

  /** Bytes written to the files of a keyspace, those that a compaction has not installed too. */
  long bytes(String keyspace) {
    LongAdder written = byKeyspace.get(keyspace);
    return written == null ? 0 : written.sum();
  }

  @Override
  public StorageFile create(String path) throws IOException {
    return new MeteredFile(super.create(path), path);
  }

  @Override
  public StorageFile open(String path) throws IOException {
    return new MeteredFile(super.open(path), path);
  }

  private final class MeteredFile implements StorageFile {
    private final StorageFile file;
    private final LongAdder ofKeyspace;

    MeteredFile(StorageFile file, String path) {
      this.file = file;
      this.ofKeyspace =
          byKeyspace.computeIfAbsent(TemporaryFolder.folderOf(path), name -> new LongAdder());
    }

    @Override
    public long size() throws IOException {
      return file.size();
    }

    @Override
    public int read(ByteBuffer target, long offset) throws IOException {
      return file.read(target, offset);
    }

    @Override
    public void write(ByteBuffer[] sources, long offset) throws IOException {
      long bytes = 0;
      for (ByteBuffer source : sources) {
        bytes += source.remaining();
      }
      file.write(sources, offset);
      all.add(bytes);
      ofKeyspace.add(bytes);
    }

    @Override
    public void truncate(long size) throws IOException {
      file.truncate(size);
    }

    @Override
    public void sync() throws IOException {
      file.sync();
    }

    @Override
    public void writeBack(long offset, long bytes) throws IOException {
      file.writeBack(offset, bytes);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }

    @Override
    public String toString() {
      return file.toString();
    }
  }
}
