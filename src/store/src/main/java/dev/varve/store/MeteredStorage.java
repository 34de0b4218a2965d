package dev.varve.store;

import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** A storage that counts the bytes written through it, by the keyspace whose files they are. */
final class MeteredStorage implements Storage {
  private final Storage storage;
  private final LongAdder all = new LongAdder();
  private final Map<String, LongAdder> byKeyspace = new ConcurrentHashMap<>();

  MeteredStorage(Storage storage) {
    this.storage = storage;
  }

  /** The storage itself, for what is not to be counted. */
  Storage unmetered() {
    return storage;
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
    return new MeteredFile(storage.create(path), path);
  }

  @Override
  public StorageFile open(String path) throws IOException {
    return new MeteredFile(storage.open(path), path);
  }

  @Override
  public boolean exists(String path) throws IOException {
    return storage.exists(path);
  }

  @Override
  public List<String> list(String directory) throws IOException {
    return storage.list(directory);
  }

  @Override
  public void createDirectory(String path) throws IOException {
    storage.createDirectory(path);
  }

  @Override
  public void rename(String from, String to) throws IOException {
    storage.rename(from, to);
  }

  @Override
  public void delete(String path) throws IOException {
    storage.delete(path);
  }

  @Override
  public void syncDirectory(String path) throws IOException {
    storage.syncDirectory(path);
  }

  @Override
  public Closeable lock(String path) throws IOException {
    return storage.lock(path);
  }

  @Override
  public long usableBytes() throws IOException {
    return storage.usableBytes();
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
    public void close() throws IOException {
      file.close();
    }

    @Override
    public String toString() {
      return file.toString();
    }
  }
}
