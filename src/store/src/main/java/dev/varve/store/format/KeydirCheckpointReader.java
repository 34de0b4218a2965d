package dev.varve.store.format;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads a keydir's checkpoint (layout at {@link KeydirCheckpointWriter}) after the checksum of the
 * whole has been verified. Not for several threads.
 */
public final class KeydirCheckpointReader {
  private static final int SEGMENT_BYTES = 50; // at least
  private static final int SPAN_BYTES = 24;
  private static final int ENTRY_BYTES = 16;

  private final String path;
  private final ChecksummedInput input;
  private final KeydirCheckpointPosition position;
  private final List<CheckpointedSegment> segments = new ArrayList<>();
  private final int partitions;

  /** Partitions that were given out. */
  private int given;

  /**
   * Verifies the file, which stays the caller's to close.
   *
   * @throws KeydirCheckpointDamagedException if it is truncated, empty, damaged or of another
   *     version
   */
  public KeydirCheckpointReader(StorageFile file, String path) throws IOException {
    this.path = path;
    try {
      input =
          new ChecksummedInput(
              file, KeydirCheckpointWriter.HEADER_BYTES + KeydirCheckpointWriter.FOOTER_BYTES);
      if (input.getInt() != KeydirCheckpointWriter.MAGIC
          || input.getInt() != KeydirCheckpointWriter.VERSION) {
        throw new BrokenFormatException(
            "it is no keydir checkpoint of version " + KeydirCheckpointWriter.VERSION);
      }
      input.seek(input.contentBytes() - KeydirCheckpointWriter.FOOTER_BYTES);
      position =
          new KeydirCheckpointPosition(
              input.getLong(), input.getLong(), input.getLong(), input.getInt(), input.getLong());
      long segmentsAt = input.getLong();
      int count = input.getInt();
      partitions = input.getInt();
      long segmentsEnd = input.contentBytes() - KeydirCheckpointWriter.FOOTER_BYTES;
      if (segmentsAt < KeydirCheckpointWriter.HEADER_BYTES
          || segmentsAt > segmentsEnd
          || partitions < 0
          || position.manifestLength() < 0
          || (partitions == 0 && segmentsAt != KeydirCheckpointWriter.HEADER_BYTES)) {
        throw new BrokenFormatException("its footer does not fit");
      }
      input.seek(segmentsAt);
      input.endAt(segmentsEnd);
      bounded(count, SEGMENT_BYTES);
      for (int i = 0; i < count; i++) {
        segments.add(
            new CheckpointedSegment(
                input.getInt(),
                new SegmentId(input.getLong(), input.getLong()),
                flag(),
                input.getLong(),
                input.getLong(),
                input.getLong(),
                flag(),
                spans()));
      }
      if (!input.atEnd()) {
        throw new BrokenFormatException("it has more than " + count + " segments");
      }
      input.seek(KeydirCheckpointWriter.HEADER_BYTES);
      input.endAt(segmentsAt);
    } catch (BrokenFormatException | IllegalArgumentException e) {
      // The latter: an id that no segment can have.
      throw new KeydirCheckpointDamagedException(path, String.valueOf(e.getMessage()));
    }
  }

  /**
   * Verifies a file without using it.
   *
   * @throws KeydirCheckpointDamagedException if it is truncated, empty, damaged or of another
   *     version
   */
  public static void verify(StorageFile file, String path) throws IOException {
    KeydirCheckpointReader reader = new KeydirCheckpointReader(file, path);
    for (int i = 0; i < reader.partitions; i++) {
      long[] _ = reader.partition();
    }
  }

  /** Which state of the store it belongs to. */
  public KeydirCheckpointPosition position() {
    return position;
  }

  /** The segments that its entries name, with what was live in each. */
  public List<CheckpointedSegment> segments() {
    return segments;
  }

  /** Into how many parts its entries are cut; each is read by itself. */
  public int partitions() {
    return partitions;
  }

  /**
   * The next partition's entries, two words each; not for more than {@link #partitions}.
   *
   * @throws KeydirCheckpointDamagedException if there are fewer bytes, or more behind the last one
   */
  public long[] partition() throws IOException {
    try {
      long[] words = new long[2 * bounded(input.getInt(), ENTRY_BYTES)];
      for (int i = 0; i < words.length; i++) {
        words[i] = input.getLong();
      }
      if (++given == partitions && !input.atEnd()) {
        throw new BrokenFormatException("it has more than " + partitions + " partitions");
      }
      return words;
    } catch (BrokenFormatException e) {
      throw new KeydirCheckpointDamagedException(path, String.valueOf(e.getMessage()));
    }
  }

  private boolean flag() throws IOException, BrokenFormatException {
    byte flag = input.getByte();
    if (flag != 0 && flag != 1) {
      throw new BrokenFormatException("it has " + flag + " for yes or no");
    }
    return flag == 1;
  }

  private List<ExpirySpan> spans() throws IOException, BrokenFormatException {
    int count = bounded(input.getInt(), SPAN_BYTES);
    if (count > ExpirySpan.SPANS_MAX) {
      throw new BrokenFormatException("a segment has " + count + " spans of time");
    }
    List<ExpirySpan> spans = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      spans.add(new ExpirySpan(input.getLong(), input.getLong(), input.getLong()));
    }
    return spans;
  }

  /** A count that the file has room for: nothing is allocated that is not there. */
  private int bounded(int count, int bytesEach) throws BrokenFormatException {
    if (count < 0 || count > (input.contentBytes() - input.position()) / bytesEach) {
      throw new BrokenFormatException("it has no room for " + count + " entries");
    }
    return count;
  }
}
