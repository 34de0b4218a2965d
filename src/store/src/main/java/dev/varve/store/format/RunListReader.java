package dev.varve.store.format;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads a run list (layout at {@link RunListWriter}) item by item, after the checksum of the whole
 * has been verified. The accessors tell of the item that the last {@link #next} moved to. Not for
 * several threads.
 */
public final class RunListReader {

  /** What an item is. */
  public enum Item {
    /** Bytes of a source that come next in the target. */
    RUN,
    /** An indexed record of a source that the target does not have. */
    DROPPED
  }

  private final ChecksummedInput input;
  private final String path;
  private final SegmentId target;
  private final List<SegmentId> sources;
  private final long firstItem;
  private final long targetLength;
  private final int targetCrc;
  private final long runs;
  private final long dropped;
  private final long[] runEnds;
  private final long[] droppedEnds;

  private long itemsRead;
  private Item item = Item.RUN;
  private int source;
  private long offset;
  private long length;
  private boolean tombstone;
  private long hash;

  /**
   * Verifies the file, which stays the caller's to close.
   *
   * @throws RunListDamagedException if it is truncated, empty, damaged or of another version
   */
  public RunListReader(StorageFile file, String path) throws IOException {
    this.path = path;
    try {
      input =
          new ChecksummedInput(file, RunListWriter.HEADER_BYTES_MIN + RunListWriter.FOOTER_BYTES);
      input.seek(input.contentBytes() - RunListWriter.FOOTER_BYTES);
      targetLength = input.getLong();
      targetCrc = input.getInt();
      runs = input.getLong();
      dropped = input.getLong();
      input.seek(0);
      if (input.getInt() != RunListWriter.MAGIC || input.getByte() != RunListWriter.VERSION) {
        throw new BrokenFormatException("it is no run list of version " + RunListWriter.VERSION);
      }
      target = new SegmentId(input.getLong(), input.getLong());
      long count = input.getVarint();
      if (count < 0 || count > input.contentBytes() / (2 * Long.BYTES)) {
        throw new BrokenFormatException("it has " + count + " sources");
      }
      List<SegmentId> ids = new ArrayList<>((int) count);
      for (int i = 0; i < count; i++) {
        ids.add(new SegmentId(input.getLong(), input.getLong()));
      }
      sources = List.copyOf(ids);
      firstItem = input.position();
      runEnds = new long[sources.size()];
      droppedEnds = new long[sources.size()];
    } catch (BrokenFormatException | IllegalArgumentException e) {
      throw new RunListDamagedException(path, String.valueOf(e.getMessage()));
    }
  }

  /** The segment that is made. */
  public SegmentId target() {
    return target;
  }

  /** The segments it is made from; items name them by index. */
  public List<SegmentId> sources() {
    return sources;
  }

  /** The target's length in bytes. */
  public long targetLength() {
    return targetLength;
  }

  /** The CRC32C of the whole target. */
  public int targetCrc() {
    return targetCrc;
  }

  /** How many runs there are. */
  public long runs() {
    return runs;
  }

  /** How many dropped records there are. */
  public long dropped() {
    return dropped;
  }

  /** Goes back to before the first item. */
  public void rewind() {
    input.seek(firstItem);
    itemsRead = 0;
    Arrays.fill(runEnds, 0);
    Arrays.fill(droppedEnds, 0);
  }

  /** Moves to the next item; false after the last. Runs come in the target's order. */
  public boolean next() throws IOException {
    if (itemsRead == runs + dropped) {
      return false;
    }
    try {
      byte tag = input.getByte();
      long index = input.getVarint();
      if (index < 0 || index >= sources.size()) {
        throw new BrokenFormatException("it names source " + index + " of " + sources.size());
      }
      source = (int) index;
      item =
          switch (tag) {
            case RunListWriter.RUN -> Item.RUN;
            case RunListWriter.DROPPED, RunListWriter.DROPPED_TOMBSTONE -> Item.DROPPED;
            default -> throw new BrokenFormatException("it has an item of kind " + tag);
          };
      long[] ends = item == Item.RUN ? runEnds : droppedEnds;
      offset = ends[source] + input.getZigzag();
      length = input.getVarint();
      ends[source] = offset + length;
      tombstone = tag == RunListWriter.DROPPED_TOMBSTONE;
      hash = item == Item.DROPPED ? input.getLong() : 0;
      if (offset < 0 || length <= 0 || ends[source] > Limits.SEGMENT_BYTES_MAX) {
        throw new BrokenFormatException("it has a run of " + length + " bytes at " + offset);
      }
    } catch (BrokenFormatException e) {
      throw new RunListDamagedException(path, String.valueOf(e.getMessage()));
    }
    itemsRead++;
    return true;
  }

  /** What the item is. */
  public Item item() {
    return item;
  }

  /** The index of the item's source in {@link #sources}. */
  public int source() {
    return source;
  }

  /** Where the run or record begins in its source. */
  public long offset() {
    return offset;
  }

  /** The run's or record's length in bytes. */
  public long length() {
    return length;
  }

  /** Whether a dropped record is a tombstone; else it had expired. */
  public boolean tombstone() {
    return tombstone;
  }

  /** The hash of a dropped record's key. */
  public long hash() {
    return hash;
  }
}
