package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordKind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one batch changed in a keyspace.
 *
 * @param sequence the batch's
 * @param changes in the order in which the batch has them, one a key
 */
public record ChangeSet(long sequence, List<Change> changes) {
  public ChangeSet {
    changes = List.copyOf(changes);
  }

  /**
   * A put or a delete. The arrays are not copied.
   *
   * @param value null: the key was deleted
   * @param expiresAtMs milliseconds since 1970 from which a put counts as deleted; 0: never. That
   *     it expires is no change of its own
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
  public record Change(byte[] key, byte @Nullable [] value, long expiresAtMs) {}

  /**
   * A batch's records.
   *
   * @param prefix keys that begin otherwise are left out
   */
  static ChangeSet of(long sequence, List<LogRecord> records, byte[] prefix) {
    List<LogRecord> inOrder = new ArrayList<>(records);
    inOrder.sort(Comparator.comparingInt(LogRecord::batchIndex));
    List<Change> changes = new ArrayList<>();
    for (LogRecord record : inOrder) {
      if (record.kind() != RecordKind.REQUEST && begins(record.key(), prefix)) {
        boolean delete = record.kind() == RecordKind.TOMBSTONE;
        changes.add(new Change(record.key(), delete ? null : record.value(), record.expiresAtMs()));
      }
    }
    return new ChangeSet(sequence, changes);
  }

  private static boolean begins(byte[] key, byte[] prefix) {
    return key.length >= prefix.length
        && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
  }
}
