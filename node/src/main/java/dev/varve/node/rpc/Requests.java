package dev.varve.node.rpc;

import com.google.protobuf.ByteString;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.store.RequestId;
import dev.varve.store.WallClock;
import dev.varve.store.WriteBatch;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Turns requests into batches, and refuses those that break a limit before anything is done.
 * Messages name the field and the limit.
 */
final class Requests {
  static final int KEY_BYTES_MAX = 4096;
  static final int VALUE_BYTES_MAX = 16 << 20;
  static final int BATCH_BYTES_MAX = 16 << 20;
  static final int MUTATIONS_MAX = 10_000;
  private static final int CLIENT_ID_BYTES = 16;

  /** The keyspace that an empty name means. */
  static final String MAIN = "main";

  private final int shard;
  private final int shards;
  private final WallClock clock;

  /**
   * @param shard the one this node holds
   * @param shards how many the cluster has
   * @param clock turns a time to live into a time of expiry
   */
  Requests(int shard, int shards, WallClock clock) {
    this.shard = shard;
    this.shards = shards;
    this.clock = clock;
  }

  WriteBatch batch(PutRequest put) throws RefusedException {
    WriteBatch batch = new WriteBatch();
    add(batch, put, "");
    return batch;
  }

  WriteBatch batch(DeleteRequest delete) throws RefusedException {
    WriteBatch batch = new WriteBatch();
    add(batch, delete, "");
    return batch;
  }

  WriteBatch batch(WriteRequest write) throws RefusedException {
    List<Mutation> mutations = write.getMutationsList();
    if (mutations.isEmpty()) {
      throw RefusedException.invalid("mutations", "a batch needs at least one");
    }
    if (mutations.size() > MUTATIONS_MAX) {
      throw tooLarge(
          Reason.BATCH_TOO_LARGE,
          "mutations",
          mutations.size() + " mutations are more than " + MUTATIONS_MAX);
    }
    WriteBatch batch = new WriteBatch();
    @Nullable RequestId id =
        id(write.getClientId(), write.getRequestId(), write.getAfterSequence());
    if (id != null) {
      batch.once(id);
    }
    long bytes = 0;
    for (int i = 0; i < mutations.size(); i++) {
      Mutation mutation = mutations.get(i);
      switch (mutation.getKindCase()) {
        case PUT -> {
          add(batch, mutation.getPut(), "mutations[" + i + "].put.");
          bytes += mutation.getPut().getKey().size() + mutation.getPut().getValue().size();
        }
        case DELETE -> {
          add(batch, mutation.getDelete(), "mutations[" + i + "].delete.");
          bytes += mutation.getDelete().getKey().size();
        }
        case KIND_NOT_SET ->
            throw RefusedException.invalid(
                "mutations[" + i + "]", "it must hold a put or a delete");
      }
    }
    // A single put is held to its value's limit, which alone may be as large as a batch.
    if (mutations.size() > 1 && bytes > BATCH_BYTES_MAX) {
      throw tooLarge(
          Reason.BATCH_TOO_LARGE,
          "mutations",
          bytes + " bytes of keys and values are more than " + BATCH_BYTES_MAX);
    }
    return batch;
  }

  /** By what a write is recognized when it is sent again; null if it shall not be. */
  static @Nullable RequestId id(ByteString clientId, long requestId, long afterSequence)
      throws RefusedException {
    if (!clientId.isEmpty() && clientId.size() != CLIENT_ID_BYTES) {
      throw RefusedException.invalid("client_id", "it has 16 bytes, this one " + clientId.size());
    }
    if (afterSequence < 0) {
      throw RefusedException.invalid("after_sequence", "too large");
    }
    return clientId.isEmpty() || requestId == 0
        ? null
        : new RequestId(clientId.toByteArray(), requestId, afterSequence);
  }

  private void add(WriteBatch batch, PutRequest put, String path) throws RefusedException {
    byte[] key = key(put.getKey(), path + "key");
    if (put.getValue().size() > VALUE_BYTES_MAX) {
      throw tooLarge(
          Reason.VALUE_TOO_LARGE,
          path + "value",
          put.getValue().size() + " bytes are more than " + VALUE_BYTES_MAX);
    }
    batch.put(
        keyspace(put.getKeyspace()),
        key,
        put.getValue().toByteArray(),
        expiresAtMs(put, path),
        put.hasIfSequence() ? condition(put.getIfSequence(), path) : WriteBatch.ANY_VERSION);
  }

  private void add(WriteBatch batch, DeleteRequest delete, String path) throws RefusedException {
    batch.delete(
        keyspace(delete.getKeyspace()),
        key(delete.getKey(), path + "key"),
        delete.hasIfSequence() ? condition(delete.getIfSequence(), path) : WriteBatch.ANY_VERSION);
  }

  /** A key within its limits that belongs to this shard. */
  byte[] key(ByteString key, String field) throws RefusedException {
    if (key.isEmpty()) {
      throw tooLarge(
          Reason.KEY_EMPTY, field, "a key has 1 to " + KEY_BYTES_MAX + " bytes, this one none");
    }
    if (key.size() > KEY_BYTES_MAX) {
      throw tooLarge(
          Reason.KEY_TOO_LARGE, field, key.size() + " bytes are more than " + KEY_BYTES_MAX);
    }
    byte[] bytes = key.toByteArray();
    if (shards > 1) {
      CRC32C crc = new CRC32C();
      crc.update(bytes, 0, bytes.length);
      long owner = crc.getValue() % shards;
      if (owner != shard) {
        throw new RefusedException(
            Reason.WRONG_SHARD,
            field + ": the key belongs to shard " + owner + ", this is shard " + shard,
            Map.of("shard", Long.toString(owner), "field", field));
      }
    }
    return bytes;
  }

  static String keyspace(String name) {
    return name.isEmpty() ? MAIN : name;
  }

  private long expiresAtMs(PutRequest put, String path) throws RefusedException {
    if (put.getTtlMs() != 0 && put.getExpiresAtMs() != 0) {
      throw RefusedException.invalid(path + "ttl_ms", "set ttl_ms or expires_at_ms, not both");
    }
    if (put.getTtlMs() < 0) {
      throw RefusedException.invalid(path + "ttl_ms", "must not be negative");
    }
    if (put.getExpiresAtMs() < 0) {
      throw RefusedException.invalid(path + "expires_at_ms", "must not be negative");
    }
    if (put.getTtlMs() == 0) {
      return put.getExpiresAtMs();
    }
    long now = clock.nowMs();
    if (put.getTtlMs() > Long.MAX_VALUE - now) {
      throw RefusedException.invalid(path + "ttl_ms", "too far in the future");
    }
    return now + put.getTtlMs();
  }

  private static long condition(long sequence, String path) throws RefusedException {
    if (sequence < 0) {
      throw RefusedException.invalid(path + "if_sequence", "too large");
    }
    return sequence;
  }

  private static RefusedException tooLarge(Reason reason, String field, String message) {
    return new RefusedException(reason, field + ": " + message, Map.of("field", field));
  }
}
