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

  private long runsRead;
  private long droppedRead;
  private Item item = Item.DROPPED;
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
      if (runs < 0
          || runs > input.contentBytes()
          || dropped < 0
          || dropped > input.contentBytes()) {
        throw new BrokenFormatException(
            "it can not have " + runs + " runs and " + dropped + " dropped records");
      }
      input.endAt(input.contentBytes() - RunListWriter.FOOTER_BYTES);
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
    runsRead = 0;
    droppedRead = 0;
    item = Item.DROPPED;
    Arrays.fill(runEnds, 0);
    Arrays.fill(droppedEnds, 0);
  }

  /** Moves to the next item; false after the last. Runs come in the target's order. */
  public boolean next() throws IOException {
    try {
      if (input.atEnd()) {
        if (runsRead != runs || droppedRead != dropped) {
          throw new BrokenFormatException(
              "it has "
                  + runsRead
                  + " of "
                  + runs
                  + " runs and "
                  + droppedRead
                  + " of "
                  + dropped
                  + " dropped records");
        }
        return false;
      }
      byte tag = input.getByte();
      long index = input.getVarint();
      if (index < 0 || index >= sources.size()) {
        throw new BrokenFormatException("it names source " + index + " of " + sources.size());
      }
      switch (tag) {
        case RunListWriter.RUN -> readRun((int) index);
        case RunListWriter.DROPPED, RunListWriter.DROPPED_TOMBSTONE -> readDropped((int) index);
        default -> throw new BrokenFormatException("it has an item of kind " + tag);
      }
      tombstone = tag == RunListWriter.DROPPED_TOMBSTONE;
    } catch (BrokenFormatException e) {
      throw new RunListDamagedException(path, String.valueOf(e.getMessage()));
    }
    return true;
  }

  private void readRun(int index) throws IOException, BrokenFormatException {
    long before = item == Item.RUN && source == index ? runEnds[index] : -1;
    item = Item.RUN;
    runsRead++;
    readPlace(index, runEnds, Limits.SEGMENT_BYTES_MAX);
    hash = 0;
    if (offset == before) {
      throw new BrokenFormatException("it has two runs at " + offset + " where one would do");
    }
  }

  private void readDropped(int index) throws IOException, BrokenFormatException {
    item = Item.DROPPED;
    droppedRead++;
    readPlace(index, droppedEnds, RecordCodec.RECORD_BYTES_MAX);
    hash = input.getLong();
  }

  private void readPlace(int index, long[] ends, long lengthMax)
      throws IOException, BrokenFormatException {
    source = index;
    offset = ends[index] + input.getZigzag();
    length = input.getVarint();
    if (offset < 0
        || length <= 0
        || length > lengthMax
        || offset > Limits.SEGMENT_BYTES_MAX - length) {
      throw new BrokenFormatException("it has a run of " + length + " bytes at " + offset);
    }
    ends[index] = offset + length;
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
