package dev.varve.store.format;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.List;

/**
 * Writes the run list of one compaction output: from which bytes of which source segments the
 * target is made, so that another member with the same sources can rebuild it; and which indexed
 * records of the sources (tombstones and expired ones) are gone after it. Little-endian; varints
 * have seven bits a byte, lowest first.
 *
 * <pre>
 * header:           4 magic "VRUN" | 1 version: 1 | 8 target's term | 8 target's number
 *                   | varint sources | for each: 8 term, 8 number
 * a run:            1 tag: 1 | varint source index | zigzag varint offset − end of this source's run
 *                   before | varint length
 * a dropped record: 1 tag: 2, or 3 for a tombstone | varint source index | zigzag varint offset − end
 *                   of this source's dropped record before | varint length | 8 hash of the key
 * footer, 28 bytes: 8 target's length | 4 CRC32C of the target | 8 runs | 8 dropped records
 *                   | then 4 checksum
 * </pre>
 *
 * <p>Runs are in the target's order and whole records long. The checksum is the masked CRC32C of
 * everything before it. Memory stays bounded however long the list is. Nothing is durable before
 * the caller syncs the file.
 */
public final class RunListWriter {

  static final int MAGIC = 0x4E555256; // "VRUN" in little-endian
  static final byte VERSION = 1;
  static final int HEADER_BYTES_MIN = 22;
  static final int FOOTER_BYTES = 28; // the checksum apart
  private static final int SOURCE_BYTES = 2 * Long.BYTES;
  private static final int RUN_BYTES_MOST = 1 + 3 * 10;
  static final byte RUN = 1;
  static final byte DROPPED = 2;
  static final byte DROPPED_TOMBSTONE = 3;

  private final ChecksummedOutput output;
  private final long[] runEnds;
  private final long[] droppedEnds;
  private long runs;
  private long dropped;

  // The run that may still grow.
  private int openSource = -1;
  private long openOffset;
  private long openLength;

  /** Starts a list in an empty file, which stays the caller's to sync and close. */
  public RunListWriter(StorageFile file, SegmentId target, List<SegmentId> sources)
      throws IOException {
    this.output = new ChecksummedOutput(file);
    this.runEnds = new long[sources.size()];
    this.droppedEnds = new long[sources.size()];
    output.putInt(MAGIC).putByte(VERSION).putLong(target.term()).putLong(target.number());
    output.putVarint(sources.size());
    for (SegmentId source : sources) {
      output.putLong(source.term()).putLong(source.number());
    }
  }

  /** Adds bytes to the target's end; those next to the run before become part of it. */
  public void run(int source, long offset, long length) throws IOException {
    if (source == openSource && offset == openOffset + openLength) {
      openLength += length;
      return;
    }
    closeRun();
    openSource = source;
    openOffset = offset;
    openLength = length;
  }

  /** Tells of an indexed record that the target does not have and that leaves the index. */
  public void dropped(int source, long offset, int length, boolean tombstone, long hash)
      throws IOException {
    closeRun();
    output
        .putByte(tombstone ? DROPPED_TOMBSTONE : DROPPED)
        .putVarint(source)
        .putZigzag(offset - droppedEnds[source])
        .putVarint(length)
        .putLong(hash);
    droppedEnds[source] = offset + length;
    dropped++;
  }

  /**
   * At most so many bytes the file would have, were it finished now and had it only the first
   * {@code sources} sources.
   */
  public long lengthMost(int sources) {
    long others = (long) (runEnds.length - sources) * SOURCE_BYTES;
    return output.length() - others + RUN_BYTES_MOST + FOOTER_BYTES + Integer.BYTES;
  }

  /** Writes the footer; the writer is done. */
  public void finish(long targetLength, int targetCrc) throws IOException {
    closeRun();
    output.putLong(targetLength).putInt(targetCrc).putLong(runs).putLong(dropped).finish();
  }

  private void closeRun() throws IOException {
    if (openSource >= 0) {
      output
          .putByte(RUN)
          .putVarint(openSource)
          .putZigzag(openOffset - runEnds[openSource])
          .putVarint(openLength);
      runEnds[openSource] = openOffset + openLength;
      openSource = -1;
      runs++;
    }
  }
}
