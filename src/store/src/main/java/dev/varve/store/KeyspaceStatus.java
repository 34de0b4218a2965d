package dev.varve.store;

import dev.varve.store.manifest.KeyspaceType;
import java.util.List;

/**
 * A keyspace's figures.
 *
 * @param liveKeys keys with a value, those expired but not yet compacted away included
 * @param liveBytes bytes of records that compaction would keep, tombstones that may still hide
 *     something included
 * @param expiredBytes bytes of records whose time to live is over but that are still there; they
 *     count as dead
 * @param totalBytes bytes of records in all live segments, retired ones left out
 * @param retiredSegments compacted away but not deleted yet
 * @param indexBytes memory of the keydir
 * @param lastCompactionMs wall-clock milliseconds of the last committed compaction; 0: never
 * @param firstSequence records of lower sequences are cut off; 0: none are
 * @param firstId of a stream: the first id that is not trimmed; 0 for other keyspaces
 * @param lastId of a stream: the highest id ever given; 0 for other keyspaces
 * @param written since the store was opened
 * @param segments each live segment, oldest first
 */
public record KeyspaceStatus(
    String name,
    KeyspaceType type,
    long segmentBytes,
    long liveKeys,
    long liveBytes,
    long expiredBytes,
    long totalBytes,
    int retiredSegments,
    long indexBytes,
    long lastCompactionMs,
    long firstSequence,
    long firstId,
    long lastId,
    WrittenBytes written,
    List<SegmentStatus> segments) {
  public KeyspaceStatus {
    segments = List.copyOf(segments);
  }

  /** 1 − live ÷ total; 0 in an empty keyspace. */
  public double deadRatio() {
    return totalBytes == 0 ? 0 : 1 - (double) liveBytes / totalBytes;
  }

  /**
   * A segment's figures.
   *
   * @param file its path, such as {@code main/0000000004-000000000007.log}
   * @param active whether it is the one being appended to
   */
  public record SegmentStatus(String file, long totalBytes, long liveBytes, boolean active) {}
}
