package dev.varve.store.storage;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/** Another storage, as it is: for those that add something to some of its calls. */
public abstract class ForwardingStorage implements Storage {
  private final Storage storage;

  /** Forwards to this one. */
  protected ForwardingStorage(Storage storage) {
    this.storage = storage;
  }

  /** What calls go to. */
  protected final Storage storage() {
    return storage;
  }

  @Override
  public StorageFile create(String path) throws IOException {
    return storage.create(path);
  }

  @Override
  public StorageFile open(String path) throws IOException {
    return storage.open(path);
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
}
