package dev.varve.store;

import dev.varve.store.format.Limits;
import dev.varve.store.manifest.KeyspaceType;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Whether a batch keeps the limits, before anything else is done with it. */
final class BatchCheck {
  private record Target(String keyspace, ByteBuffer key) {}

  private BatchCheck() {}

  /**
   * Refuses a batch that can never be written.
   *
   * @throws InvalidWriteException naming the first limit that is broken
   */
  static void check(WriteBatch batch, Keyspaces keyspaces) throws InvalidWriteException {
    List<WriteBatch.Mutation> mutations = batch.mutations();
    if (mutations.isEmpty()) {
      throw invalid(InvalidWriteException.Reason.BATCH_EMPTY, "mutations", "no mutation");
    }
    if (mutations.size() > Limits.BATCH_MUTATIONS_MAX) {
      throw invalid(
          InvalidWriteException.Reason.BATCH_TOO_LARGE,
          "mutations",
          mutations.size() + " mutations, at most " + Limits.BATCH_MUTATIONS_MAX);
    }
    long bytes = 0;
    Set<Target> seen = new HashSet<>();
    for (int i = 0; i < mutations.size(); i++) {
      WriteBatch.Mutation mutation = mutations.get(i);
      String field = "mutations[" + i + "]";
      bytes += checkMutation(mutation, field, keyspaces);
      if (mutations.size() > 1
          && !seen.add(new Target(mutation.keyspace(), ByteBuffer.wrap(mutation.key())))) {
        throw invalid(
            InvalidWriteException.Reason.DUPLICATE_KEY, field + ".key", "a key occurs twice");
      }
    }
    // A single value of the largest size with its key is within the limits.
    if (bytes > Limits.BATCH_BYTES_MAX && mutations.size() > 1) {
      throw invalid(
          InvalidWriteException.Reason.BATCH_TOO_LARGE,
          "mutations",
          bytes + " bytes, at most " + Limits.BATCH_BYTES_MAX);
    }
  }

  private static long checkMutation(WriteBatch.Mutation mutation, String field, Keyspaces keyspaces)
      throws InvalidWriteException {
    Keyspace keyspace = keyspaces.get(mutation.keyspace());
    if (keyspace == null) {
      throw invalid(
          InvalidWriteException.Reason.UNKNOWN_KEYSPACE,
          field + ".keyspace",
          "no keyspace " + mutation.keyspace());
    }
    keyspace.require(KeyspaceType.KEY_VALUE, field + ".keyspace");
    int keyBytes = mutation.key().length;
    if (keyBytes == 0) {
      throw invalid(InvalidWriteException.Reason.KEY_EMPTY, field + ".key", "the key is empty");
    }
    if (keyBytes > Limits.KEY_BYTES_MAX) {
      throw invalid(
          InvalidWriteException.Reason.KEY_TOO_LARGE,
          field + ".key",
          keyBytes + " bytes, at most " + Limits.KEY_BYTES_MAX);
    }
    return switch (mutation) {
      case WriteBatch.Delete _ -> keyBytes;
      case WriteBatch.Put put -> {
        if (put.value().length > Limits.VALUE_BYTES_MAX) {
          throw invalid(
              InvalidWriteException.Reason.VALUE_TOO_LARGE,
              field + ".value",
              put.value().length + " bytes, at most " + Limits.VALUE_BYTES_MAX);
        }
        if (put.expiresAtMs() < 0) {
          throw invalid(
              InvalidWriteException.Reason.EXPIRY_INVALID,
              field + ".expiresAtMs",
              "before 1970: " + put.expiresAtMs());
        }
        yield keyBytes + put.value().length;
      }
    };
  }

  private static InvalidWriteException invalid(
      InvalidWriteException.Reason reason, String field, String message) {
    return new InvalidWriteException(reason, field, field + ": " + message);
  }
}
