package dev.varve.client;

import com.google.protobuf.ByteString;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.WriteRequest;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * A store, from any of its members. Safe for use by many threads, platform or virtual.
 *
 * <p>Calls that change nothing, and writes that a member refused without applying them, are
 * repeated against wherever the primary is until the call's time is up. So is a write that was sent
 * and not answered, once all members remember requests: each write has an id, by which it is
 * applied once. When its time is up without an answer it fails with {@link
 * OutcomeUnknownException}. When a write returns, a majority of the shard's members has it on disk.
 */
public final class VarveClient implements AutoCloseable {
  private static final int CLIENT_ID_BYTES = 16;

  private final CallRunner runner;
  private final Streams streams;
  private final VarveAdmin admin;
  private final ByteString clientId;
  private final AtomicLong requestIds = new AtomicLong();

  private VarveClient(ClientOptions options, RandomGenerator random) {
    this.runner = new CallRunner(options, random);
    this.streams = new Streams(runner, options.timeout());
    this.admin = new VarveAdmin(runner, streams);
    byte[] id = new byte[CLIENT_ID_BYTES];
    random.nextBytes(id);
    this.clientId = ByteString.copyFrom(id);
  }

  /**
   * Makes a client; connections are made at the first call.
   *
   * @throws java.io.UncheckedIOException when a TLS file cannot be read or used
   */
  public static VarveClient connect(ClientOptions options) {
    return new VarveClient(options, new SecureRandom());
  }

  /** Status, plans, compactions, checkpoints and events. */
  public VarveAdmin admin() {
    return admin;
  }

  /** The value of a key; empty when it has none or it expired. */
  public Optional<Value> get(ByteString key, ReadOptions options) {
    return runner.await(getAsync(key, options), CallKind.READ);
  }

  /** {@link #get} without waiting; fails with {@link VarveException}. */
  public CompletableFuture<Optional<Value>> getAsync(ByteString key, ReadOptions options) {
    GetRequest request =
        GetRequest.newBuilder()
            .setKeyspace(options.keyspace())
            .setKey(key)
            .setMinSequence(options.minSequence())
            .setAllowStale(options.allowStale())
            .setMaxStaleMs(options.maxStaleMs())
            .build();
    return runner
        .finder()
        .shards()
        .thenCompose(
            shards -> {
              int shard = ShardOfKey.of(key, shards);
              return options.allowStale()
                  ? runner.onAnyMember(KeyValueGrpc.getGetMethod(), request, shard)
                  : runner.onPrimary(KeyValueGrpc.getGetMethod(), request, CallKind.READ, shard);
            })
        .thenApply(VarveClient::value);
  }

  private static Optional<Value> value(GetResponse response) {
    return response.getFound()
        ? Optional.of(
            new Value(response.getValue(), response.getSequence(), response.getExpiresAtMs()))
        : Optional.empty();
  }

  /** Writes a value. */
  public Written put(ByteString key, ByteString value, WriteOptions options) {
    return runner.await(putAsync(key, value, options), CallKind.WRITE);
  }

  /** {@link #put} without waiting; fails with {@link VarveException}. */
  public CompletableFuture<Written> putAsync(
      ByteString key, ByteString value, WriteOptions options) {
    return writeAsync(batch(List.of(putMutation(key, value, options))));
  }

  /** A put as part of a {@link WriteBatch}. */
  public static Mutation putMutation(ByteString key, ByteString value, WriteOptions options) {
    return Mutation.newBuilder().setPut(putRequest(key, value, options)).build();
  }

  private static PutRequest putRequest(ByteString key, ByteString value, WriteOptions options) {
    PutRequest.Builder request =
        PutRequest.newBuilder()
            .setKeyspace(options.keyspace())
            .setKey(key)
            .setValue(value)
            .setTtlMs(options.ttlMs())
            .setExpiresAtMs(options.expiresAtMs());
    options.ifSequence().ifPresent(request::setIfSequence);
    return request.build();
  }

  /** Deletes a key; succeeds as well when there is none. */
  public Written delete(ByteString key, WriteOptions options) {
    return write(batch(List.of(deleteMutation(key, options))));
  }

  /** A deletion as part of a {@link WriteBatch}. */
  public static Mutation deleteMutation(ByteString key, WriteOptions options) {
    return Mutation.newBuilder().setDelete(deleteRequest(key, options)).build();
  }

  private static DeleteRequest deleteRequest(ByteString key, WriteOptions options) {
    DeleteRequest.Builder request =
        DeleteRequest.newBuilder().setKeyspace(options.keyspace()).setKey(key);
    options.ifSequence().ifPresent(request::setIfSequence);
    return request.build();
  }

  /** A batch of these mutations, with a request id of its own. */
  public WriteBatch batch(List<Mutation> mutations) {
    return new WriteBatch(mutations, requestIds.incrementAndGet());
  }

  /** Applies a batch whole or not at all. */
  public Written write(WriteBatch batch) {
    return runner.await(writeAsync(batch), CallKind.WRITE);
  }

  /** {@link #write} without waiting; fails with {@link VarveException}. */
  public CompletableFuture<Written> writeAsync(WriteBatch batch) {
    WriteRequest request =
        WriteRequest.newBuilder()
            .addAllMutations(batch.mutations())
            .setRequestId(batch.requestId())
            .setClientId(clientId)
            .build();
    Mutation first = batch.mutations().getFirst();
    ByteString key = first.hasPut() ? first.getPut().getKey() : first.getDelete().getKey();
    return runner
        .finder()
        .shards()
        .thenCompose(
            shards -> {
              int shard = ShardOfKey.of(key, shards);
              return runner
                  .once(
                      KeyValueGrpc.getWriteMethod(),
                      after -> request.toBuilder().setAfterSequence(after).build(),
                      batch.sent(),
                      shard)
                  .thenApply(
                      response -> {
                        runner.finder().committed(shard, response.getSequence());
                        return new Written(shard, response.getSequence(), response.getTerm());
                      });
            });
  }

  /** Starts a scan; the first entry is asked for when {@link ScanCursor#hasNext} is. */
  public ScanCursor scan(ScanOptions options) {
    return new ScanCursor(streams, options, admin.shards());
  }

  /**
   * Watches the committed changes of a keyspace, over changes of the primary; close it. Returns
   * once the number of shards is known; what follows shows at the cursor.
   *
   * @throws IllegalArgumentException when the options name a shard that the store has not
   */
  public WatchCursor watch(WatchOptions options) {
    return WatchCursor.start(
        runner, options, admin.shards(), Thread.ofVirtual().name("varve-watch-", 0).factory());
  }

  /** A stream by its keyspace's name; whether there is one shows at the first call. */
  public VarveStream stream(String name) {
    return new VarveStream(runner, streams, name, clientId, requestIds::incrementAndGet);
  }

  /** Ends every call, scans included, and closes the connections. */
  @Override
  public void close() {
    runner.close();
  }
}
