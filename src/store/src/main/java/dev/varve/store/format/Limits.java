package dev.varve.store.format;

/** The bounds that every record and batch keeps; part of the wire contract. */
public final class Limits {

  /** The longest key in bytes; the shortest has 1, and a manifest edit none. */
  public static final int KEY_BYTES_MAX = 4096;

  /** The longest value in bytes. */
  public static final int VALUE_BYTES_MAX = 16 << 20;

  /** The most bytes of keys and values that one batch may have. */
  public static final int BATCH_BYTES_MAX = 16 << 20;

  /** The most mutations that one batch may have. */
  public static final int BATCH_MUTATIONS_MAX = 10_000;

  /** The longest segment in bytes: an offset fits 31 bits. */
  public static final long SEGMENT_BYTES_MAX = 1L << 31;

  private Limits() {}
}
