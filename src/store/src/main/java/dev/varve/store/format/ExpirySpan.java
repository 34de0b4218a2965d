package dev.varve.store.format;

/**
 * Live bytes of a segment that expire within a span of time.
 *
 * @param firstMs the earliest expiry, in milliseconds since 1970
 * @param lastMs the latest
 */
public record ExpirySpan(long firstMs, long lastMs, long bytes) {
  /** A segment has at most so many. */
  public static final int SPANS_MAX = 64;
}
