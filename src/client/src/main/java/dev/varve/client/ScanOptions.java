package dev.varve.client;

import com.google.protobuf.ByteString;

/**
 * What to scan.
 *
 * @param keyspace empty: main
 * @param prefix only keys that begin so; empty: all
 * @param keysOnly leave the values out
 * @param limit at most this many entries; 0: all
 * @param allowStale a replica may answer if the member asked is one
 */
public record ScanOptions(
    String keyspace, ByteString prefix, boolean keysOnly, int limit, boolean allowStale) {
  /** All of keyspace main, with values, from the primary. */
  public static final ScanOptions ALL = new ScanOptions("", ByteString.EMPTY, false, 0, false);

  /** Refuses a negative limit. */
  public ScanOptions {
    if (limit < 0) {
      throw new IllegalArgumentException("limit " + limit + " is negative");
    }
  }

  /** The same in another keyspace. */
  public ScanOptions in(String name) {
    return new ScanOptions(name, prefix, keysOnly, limit, allowStale);
  }

  /** The same for keys that begin so. */
  public ScanOptions startingWith(ByteString bytes) {
    return new ScanOptions(keyspace, bytes, keysOnly, limit, allowStale);
  }
}
