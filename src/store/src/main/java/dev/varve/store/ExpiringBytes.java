package dev.varve.store;

import dev.varve.store.format.ExpirySpan;
import java.util.ArrayList;
import java.util.List;

/**
 * How many live bytes of a segment expire when, in bounded memory: without it, what has expired
 * would count as live until its segment is rewritten for another reason, and finding out would mean
 * reading all hints at each plan.
 *
 * <p>At most {@link ExpirySpan#SPANS_MAX} spans of time, disjoint and in order, each with the bytes
 * that expire within it. Where there are more, the two neighbours that are closest together become
 * one. Spans only ever grow, so bytes are taken out of the span that they were counted in. A span
 * has expired when its end has: nothing counts as expired too early, and some a little late. Safe
 * for several threads.
 */
final class ExpiringBytes {
  private static final int SPANS_MAX = ExpirySpan.SPANS_MAX;

  private final long[] firstMs = new long[SPANS_MAX + 1];
  private final long[] lastMs = new long[SPANS_MAX + 1];
  private final long[] bytes = new long[SPANS_MAX + 1];
  private int spans;

  /** All of it, to go on with after {@link #restore}. */
  synchronized List<ExpirySpan> spans() {
    List<ExpirySpan> all = new ArrayList<>();
    for (int i = 0; i < spans; i++) {
      all.add(new ExpirySpan(firstMs[i], lastMs[i], bytes[i]));
    }
    return all;
  }

  /** What {@link #spans} told; nothing was added before. */
  synchronized void restore(List<ExpirySpan> all) {
    spans = 0;
    for (ExpirySpan span : all) {
      firstMs[spans] = span.firstMs();
      lastMs[spans] = span.lastMs();
      bytes[spans] = span.bytes();
      spans++;
    }
  }

  /** Bytes that expire then are live. */
  synchronized void add(long expiresAtMs, long length) {
    int at = find(expiresAtMs);
    if (at == spans || firstMs[at] > expiresAtMs) {
      insert(at, expiresAtMs);
      bytes[at] = length;
      if (spans > SPANS_MAX) {
        shrink();
      }
    } else {
      bytes[at] += length;
    }
  }

  /** Bytes that expire then are live no more. */
  synchronized void remove(long expiresAtMs, long length) {
    int at = find(expiresAtMs);
    if (at < spans && firstMs[at] <= expiresAtMs) {
      bytes[at] = Math.max(0, bytes[at] - length);
    }
  }

  /** Bytes of those counted that have certainly expired by then. */
  synchronized long expiredBy(long timeMs) {
    long expired = 0;
    for (int i = 0; i < spans && lastMs[i] <= timeMs; i++) {
      expired += bytes[i];
    }
    return expired;
  }

  /** The first span that does not end before a time. */
  private int find(long timeMs) {
    int low = 0;
    int high = spans;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (lastMs[middle] < timeMs) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private void insert(int at, long timeMs) {
    System.arraycopy(firstMs, at, firstMs, at + 1, spans - at);
    System.arraycopy(lastMs, at, lastMs, at + 1, spans - at);
    System.arraycopy(bytes, at, bytes, at + 1, spans - at);
    firstMs[at] = timeMs;
    lastMs[at] = timeMs;
    spans++;
  }

  /** Gives up an empty span, or joins the two that are closest together. */
  private void shrink() {
    int at = 0;
    for (int i = 0; i < spans; i++) {
      if (bytes[i] == 0) {
        delete(i);
        return;
      }
      if (i + 1 < spans && lastMs[i + 1] - firstMs[i] < lastMs[at + 1] - firstMs[at]) {
        at = i;
      }
    }
    lastMs[at] = lastMs[at + 1];
    bytes[at] += bytes[at + 1];
    delete(at + 1);
  }

  private void delete(int at) {
    System.arraycopy(firstMs, at + 1, firstMs, at, spans - at - 1);
    System.arraycopy(lastMs, at + 1, lastMs, at, spans - at - 1);
    System.arraycopy(bytes, at + 1, bytes, at, spans - at - 1);
    spans--;
  }
}
