package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordKind;

/** Whether reads see a record. */
final class Visibility {
  private Visibility() {}

  /** A tombstone, or expired by now. */
  static boolean hidden(LogRecord record, long nowMs) {
    return record.kind() == RecordKind.TOMBSTONE || expired(record.expiresAtMs(), nowMs);
  }

  static boolean expired(long expiresAtMs, long nowMs) {
    return expiresAtMs != 0 && nowMs >= expiresAtMs;
  }
}
