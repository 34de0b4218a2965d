package dev.varve.store;

import dev.varve.store.manifest.KeyspaceType;

/**
 * A keyspace that should exist.
 *
 * @param name {@code [a-z]([-a-z0-9]{0,38}[a-z0-9])?}
 * @param type fixed once it exists
 * @param segmentBytes bytes of a segment before the next one is begun, from 4 KiB to 2 GiB
 */
public record KeyspaceOptions(String name, KeyspaceType type, long segmentBytes) {
  /** The keydir keeps 31 bits of an offset, and no record begins at the end of its segment. */
  public static final long SEGMENT_BYTES_MAX = 1L << 31;

  private static final java.util.regex.Pattern NAME =
      java.util.regex.Pattern.compile("[a-z]([-a-z0-9]{0,38}[a-z0-9])?");

  public KeyspaceOptions {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("not a keyspace name: " + name);
    }
    if (segmentBytes < 4096 || segmentBytes > SEGMENT_BYTES_MAX) {
      throw new IllegalArgumentException("segmentBytes out of range: " + segmentBytes);
    }
  }

  /** Whether a keyspace can be called so. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }
}
