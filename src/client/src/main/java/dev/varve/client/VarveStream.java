package dev.varve.client;

import com.google.protobuf.ByteString;
import dev.varve.protocol.v1.StreamAppendRequest;
import dev.varve.protocol.v1.StreamAppendResponse;
import dev.varve.protocol.v1.StreamEntry;
import dev.varve.protocol.v1.StreamReadRequest;
import dev.varve.protocol.v1.StreamTrimRequest;
import dev.varve.protocol.v1.StreamTrimResponse;
import dev.varve.protocol.v1.StreamsGrpc;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * An event stream. Made by {@link VarveClient#stream}; safe for use by many threads. Every method
 * may throw {@link VarveException}.
 */
public final class VarveStream {
  private final CallRunner runner;
  private final Streams streams;
  private final String name;
  private final ByteString clientId;
  private final LongSupplier requestIds;

  VarveStream(
      CallRunner runner,
      Streams streams,
      String name,
      ByteString clientId,
      LongSupplier requestIds) {
    this.runner = runner;
    this.streams = streams;
    this.name = name;
    this.clientId = clientId;
    this.requestIds = requestIds;
  }

  /** Its name. */
  public String name() {
    return name;
  }

  /** An append with a request id of its own, to be sent by {@link #append(StreamAppendRequest)}. */
  public StreamAppendRequest request(List<ByteString> payloads) {
    return StreamAppendRequest.newBuilder()
        .setStream(name)
        .addAllPayloads(payloads)
        .setRequestId(requestIds.getAsLong())
        .setClientId(clientId)
        .setAfterSequence(committed())
        .build();
  }

  /** Appends entries, all or none. */
  public StreamAppendResponse append(List<ByteString> payloads) {
    return runner.await(appendAsync(request(payloads), new SentRequest()), CallKind.WRITE);
  }

  /**
   * Sends an append. After an {@link OutcomeUnknownException} the same request may be sent again:
   * it is done once.
   */
  public StreamAppendResponse append(StreamAppendRequest request) {
    return runner.await(appendAsync(request), CallKind.WRITE);
  }

  /** {@link #append} without waiting; fails with {@link VarveException}. */
  public CompletableFuture<StreamAppendResponse> appendAsync(StreamAppendRequest request) {
    return appendAsync(request, new SentRequest(request.getAfterSequence()));
  }

  private CompletableFuture<StreamAppendResponse> appendAsync(
      StreamAppendRequest request, SentRequest sent) {
    return runner
        .finder()
        .shards()
        .thenCompose(
            shards ->
                runner.once(
                    StreamsGrpc.getAppendMethod(),
                    after -> request.toBuilder().setAfterSequence(after).build(),
                    sent,
                    shard(shards)));
  }

  /**
   * Reads entries in the order of their ids; close it.
   *
   * @param fromId a trimmed one or 0 means the first that is there
   * @param limit at most so many; 0: all there are
   * @param follow go on with entries that are appended later, until closed. When the primary
   *     changes the stream breaks off with {@link NotPrimaryException} or {@link
   *     UnavailableException}: read on from the id after the last one
   */
  public MessageStream<StreamEntry> read(long fromId, int limit, boolean follow) {
    StreamReadRequest request =
        StreamReadRequest.newBuilder()
            .setStream(name)
            .setFromId(fromId)
            .setLimit(limit)
            .setFollow(follow)
            .build();
    int shards = runner.await(runner.finder().shards(), CallKind.READ);
    return streams.open(
        StreamsGrpc.getReadMethod(),
        request,
        CallKind.READ,
        shard(shards),
        null,
        follow ? null : Streams.IDLE_LIMIT,
        true);
  }

  /** At most so many entries stay: the youngest. Exact, or by whole segments. */
  public StreamTrimResponse trimToLength(long maxLength, boolean approximate) {
    return trim(StreamTrimRequest.newBuilder().setMaxLength(maxLength), approximate);
  }

  /** Entries with lower ids go. */
  public StreamTrimResponse trimToId(long minId, boolean approximate) {
    return trim(StreamTrimRequest.newBuilder().setMinId(minId), approximate);
  }

  /** Entries older than this, in milliseconds, go. */
  public StreamTrimResponse trimToAge(long maxAgeMs, boolean approximate) {
    return trim(StreamTrimRequest.newBuilder().setMaxAgeMs(maxAgeMs), approximate);
  }

  private StreamTrimResponse trim(StreamTrimRequest.Builder request, boolean approximate) {
    StreamTrimRequest built = request.setStream(name).setApproximate(approximate).build();
    return runner.await(
        runner
            .finder()
            .shards()
            .thenCompose(
                shards ->
                    runner.onPrimary(
                        StreamsGrpc.getTrimMethod(), built, CallKind.WRITE, shard(shards))),
        CallKind.WRITE);
  }

  /** A committed sequence, if one is known. */
  private long committed() {
    int shards = runner.finder().topology().shards();
    return shards == 0 ? 0 : runner.finder().committed(shard(shards));
  }

  private int shard(int shards) {
    return ShardOfKey.of(ByteString.copyFromUtf8(name), shards);
  }
}
