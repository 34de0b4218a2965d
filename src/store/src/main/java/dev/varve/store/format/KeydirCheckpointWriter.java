package dev.varve.store.format;

import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.util.List;

/**
 * Writes a keyspace's keydir to a file, from which it is there again at once instead of being built
 * from hints. Little-endian throughout.
 *
 * <pre>
 * header, 8 bytes:  4 magic "VKDC" | 1 version: 2 | 3 zero
 * a partition:      4 entries | 16 an entry, as the keydir keeps it
 * a segment:        4 slot | 8 term | 8 number | 1 covered: 1 | 8 lowest sequence
 *                   | 8 highest sequence | 8 highest tombstone sequence | 1 ascending: 1
 *                   | 4 spans | 24 a span: first and last expiry in ms, live bytes
 * footer, 56 bytes: 8 first sequence | 8 last sequence | 8 bytes of edits in the log
 *                   | 4 CRC32C of the manifest's file up to their end | 8 last id
 *                   | 8 offset of the first segment | 4 segments | 4 partitions | 4 checksum
 * </pre>
 *
 * <p>The checksum is the masked CRC32C of everything before it. Nothing is durable before the
 * caller syncs the file.
 */
public final class KeydirCheckpointWriter {
  /** The name of the file in a keyspace's folder. */
  public static final String FILE = "_keydir";

  static final int MAGIC = 0x43444B56; // "VKDC" in little-endian
  static final byte VERSION = 2;
  static final int HEADER_BYTES = 8;
  static final int FOOTER_BYTES = 52; // the checksum apart

  private final ChecksummedOutput output;
  private long written = HEADER_BYTES;
  private int partitions;

  /** The path of a keyspace's file. */
  public static String path(String keyspace) {
    return keyspace + '/' + FILE;
  }

  /** Starts in an empty file, which stays the caller's to sync and close. */
  public KeydirCheckpointWriter(StorageFile file) throws IOException {
    this.output = new ChecksummedOutput(file);
    output.putInt(MAGIC).putByte(VERSION).putByte(0).putShort(0);
  }

  /** Writes the next partition: two words an entry. */
  public void partition(long[] words) throws IOException {
    output.putInt(words.length / 2);
    for (long word : words) {
      output.putLong(word);
    }
    written += Integer.BYTES + (long) words.length * Long.BYTES;
    partitions++;
  }

  /** Writes what the entries belong to; the writer is done. */
  public void finish(KeydirCheckpointPosition position, List<CheckpointedSegment> segments)
      throws IOException {
    for (CheckpointedSegment segment : segments) {
      output
          .putInt(segment.slot())
          .putLong(segment.id().term())
          .putLong(segment.id().number())
          .putByte(segment.covered() ? 1 : 0)
          .putLong(segment.minSequence())
          .putLong(segment.maxSequence())
          .putLong(segment.maxTombstoneSequence())
          .putByte(segment.ascending() ? 1 : 0)
          .putInt(segment.expiring().size());
      for (ExpirySpan span : segment.expiring()) {
        output.putLong(span.firstMs()).putLong(span.lastMs()).putLong(span.bytes());
      }
    }
    output
        .putLong(position.firstSequence())
        .putLong(position.lastSequence())
        .putLong(position.manifestLength())
        .putInt(position.manifestCrc())
        .putLong(position.lastId())
        .putLong(written)
        .putInt(segments.size())
        .putInt(partitions)
        .finish();
  }
}
