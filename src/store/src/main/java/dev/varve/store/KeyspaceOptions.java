package dev.varve.store;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.retention.RetentionRules;

/**
 * A keyspace that should exist.
 *
 * @param name {@code [a-z]([-a-z0-9]{0,38}[a-z0-9])?}
 * @param type fixed once it exists
 * @param segmentBytes bytes of a segment before the next one is begun, from 4 KiB to 2 GiB
 * @param retention what {@link Store#retain} hides; not recorded in the store, so that the leader's
 *     own hold
 */
public record KeyspaceOptions(
    String name, KeyspaceType type, long segmentBytes, RetentionRules retention) {
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

  /** A keyspace of which everything stays visible. */
  public KeyspaceOptions(String name, KeyspaceType type, long segmentBytes) {
    this(name, type, segmentBytes, RetentionRules.NONE);
  }

  /** The same with other limits. */
  public KeyspaceOptions withRetention(RetentionRules rules) {
    return new KeyspaceOptions(name, type, segmentBytes, rules);
  }

  /** Whether a keyspace can be called so. */
  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }
}
