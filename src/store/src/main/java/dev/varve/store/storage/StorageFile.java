package dev.varve.store.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An open file of a {@link Storage}. Reads may run on any thread, also beside a write. */
public interface StorageFile extends Closeable {

  /** The file's size in bytes, unsynced writes included. */
  long size() throws IOException;

  /**
   * Reads at a position until {@code target} is full or the file ends.
   *
   * @return bytes read; less than was asked for only at the end of the file, 0 at or past it
   */
  int read(ByteBuffer target, long offset) throws IOException;

  /**
   * Writes all remaining bytes of all sources, one after the other, from {@code offset} on;
   * gathered into one call where the platform can. Not durable before {@link #sync}.
   *
   * @throws DiskFullException if the disk is full. After this and any other exception an unknown
   *     part of the bytes may be in the file: the caller truncates back to what it knows
   */
  void write(ByteBuffer[] sources, long offset) throws IOException;

  /** Cuts the file to {@code size} bytes; does nothing if it is not longer. */
  void truncate(long size) throws IOException;

  /**
   * Asks that bytes which were written go to the disk soon, so that the next {@link #sync} has less
   * to wait for. Nothing is durable for it. Does nothing where the platform can't.
   */
  default void writeBack(long offset, long bytes) throws IOException {}

  /**
   * Makes the bytes and the size durable on return. After a failure nothing written since the last
   * successful sync can be trusted to be or become durable, even if a later call succeeds.
   */
  void sync() throws IOException;
}
