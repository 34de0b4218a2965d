package dev.varve.store;

import java.util.List;

/**
 * A fixed set of files that together are the store at its committed sequence. Until {@link #close}
 * none of them is deleted or changed within its length, so {@link ShardLog#read(String, long,
 * java.nio.ByteBuffer)} and {@link ShardLog#crc} may be asked about them. Safe for any thread.
 */
public interface StoreImage extends AutoCloseable {
  /** The log as the image holds it: the last record is the committed one. */
  LogState state();

  /** What to copy, in this order. The files stay as they are until {@link #close}. */
  List<ImageFile> files();

  /** Releases the files; what compaction retired meanwhile is deleted. Idempotent. */
  @Override
  void close();
}
