package dev.varve.store;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive entries of the log in one array. As objects, the some hundred thousand entries of a
 * window are several million, which a garbage collector copies and marks again and again: a member
 * stood still for up to 150 ms. An array that is used again costs it nothing.
 *
 * <pre>
 * entry: term i64, chunks i32, bytes of all chunks i32, then each chunk:
 * chunk: path i32 (index among the block's), offset i64, length i32, bytes
 * </pre>
 */
final class EntryBlock {
  private static final int ENTRY_HEADER_BYTES = 8 + 4 + 4;
  private static final int BYTES_AT = 8 + 4;
  private static final int CHUNK_HEADER_BYTES = 4 + 8 + 4;

  private final ByteBuffer content;

  /** A log has few files at a time: they are looked through from the newest. */
  private final List<String> paths = new ArrayList<>();

  EntryBlock(int bytes) {
    content = ByteBuffer.allocate(bytes);
  }

  /** Bytes that an entry takes in a block. */
  static int sizeOf(LogEntry entry) {
    return ENTRY_HEADER_BYTES + entry.chunks().size() * CHUNK_HEADER_BYTES + entry.bytes();
  }

  /** Bytes that all entries may take. */
  int capacity() {
    return content.capacity();
  }

  boolean hasRoom(LogEntry entry) {
    return content.remaining() >= sizeOf(entry);
  }

  /** Adds an entry, for which there is room; returns where it is. */
  int add(LogEntry entry) {
    int at = content.position();
    content.putLong(entry.term()).putInt(entry.chunks().size()).putInt(entry.bytes());
    for (Chunk chunk : entry.chunks()) {
      content.putInt(pathIndex(chunk.path())).putLong(chunk.offset()).putInt(chunk.length());
      content.put(chunk.bytes());
    }
    return at;
  }

  private int pathIndex(String path) {
    int index = paths.lastIndexOf(path);
    if (index < 0) {
      index = paths.size();
      paths.add(path);
    }
    return index;
  }

  /** Forgets the entry there, and all after it. */
  void cut(int at) {
    content.position(at);
  }

  /** Forgets all entries. */
  void clear() {
    content.clear();
    paths.clear();
  }

  /** Bytes over all chunks of the entry there. */
  int bytes(int at) {
    return content.getInt(at + BYTES_AT);
  }

  /**
   * The entry there, with bytes of its own.
   *
   * @param to takes the bytes, from its position on
   */
  LogEntry entry(long sequence, int at, ByteBuffer to) {
    ByteBuffer from = content.duplicate().clear().position(at);
    long term = from.getLong();
    List<Chunk> chunks = new ArrayList<>(from.getInt());
    int rest = from.getInt();
    while (rest > 0) {
      String path = paths.get(from.getInt());
      long offset = from.getLong();
      int length = from.getInt();
      ByteBuffer bytes = to.slice(to.position(), length);
      to.put(from.slice(from.position(), length));
      from.position(from.position() + length);
      chunks.add(new Chunk(path, offset, bytes));
      rest -= length;
    }
    return new LogEntry(sequence, term, chunks);
  }
}
