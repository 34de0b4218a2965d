package dev.varve.node.rpc;

import com.google.protobuf.UnsafeByteOperations;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.Entry;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.ScanRequest;
import dev.varve.protocol.v1.WatchRequest;
import dev.varve.protocol.v1.WatchResponse;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import dev.varve.replication.Member;
import dev.varve.replication.Written;
import dev.varve.store.Store;
import dev.varve.store.Versioned;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * Data. Handlers run on event loops and never block: reads go to the reader pool, writes complete
 * when the member says so.
 */
public final class KeyValueService extends KeyValueGrpc.KeyValueImplBase {
  private final Member member;
  private final Requests requests;
  private final ReadAdmission admission;
  private final ReaderPool readers;
  private final ScheduledExecutorService timer;
  private final CallGate gate;
  private final DataMetrics metrics;
  private final Watches watches = new Watches();

  /**
   * @param shard the shard that the member holds
   * @param shards how many the cluster has
   * @param timer for reads that wait until the member is far enough; its tasks are short
   */
  public KeyValueService(
      Member member,
      int shard,
      int shards,
      ReaderPool readers,
      ScheduledExecutorService timer,
      CallGate gate,
      DataMetrics metrics) {
    this.member = member;
    this.requests = new Requests(shard, shards, System::currentTimeMillis);
    this.admission = new ReadAdmission(member, timer);
    this.readers = readers;
    this.timer = timer;
    this.gate = gate;
    this.metrics = metrics;
    metrics.watches(watches::calls);
  }

  @Override
  public void get(GetRequest request, StreamObserver<GetResponse> answers) {
    long arrivedNanos = metrics.now();
    quietWhenCancelled(answers);
    byte[] key;
    ReadAdmission.Wish wish;
    try {
      key = requests.key(request.getKey(), "key");
      if (request.getMaxStaleMs() < 0) {
        throw RefusedException.invalid("max_stale_ms", "must not be negative");
      }
      wish =
          new ReadAdmission.Wish(
              request.getAllowStale(), request.getMinSequence(), request.getMaxStaleMs());
    } catch (RefusedException e) {
      fail(answers, e);
      return;
    }
    var _ =
        admission
            .admit(wish)
            .whenComplete(
                (store, failure) -> {
                  if (failure != null) {
                    fail(answers, failure);
                    return;
                  }
                  long startedNanos = metrics.now();
                  try {
                    readers.execute(
                        () ->
                            get(
                                store,
                                request.getKeyspace(),
                                key,
                                answers,
                                arrivedNanos,
                                startedNanos));
                  } catch (RefusedException e) {
                    fail(answers, e);
                  }
                });
  }

  private void get(
      Store store,
      String keyspace,
      byte[] key,
      StreamObserver<GetResponse> answers,
      long arrivedNanos,
      long startedNanos) {
    GetResponse response;
    try {
      @Nullable Versioned found = store.get(Requests.keyspace(keyspace), key);
      response =
          found == null
              ? GetResponse.getDefaultInstance()
              : GetResponse.newBuilder()
                  .setFound(true)
                  .setValue(UnsafeByteOperations.unsafeWrap(found.value()))
                  .setSequence(found.sequence())
                  .setExpiresAtMs(found.expiresAtMs())
                  .build();
    } catch (IOException | RuntimeException e) {
      fail(answers, e);
      return;
    }
    answers.onNext(response);
    answers.onCompleted();
    metrics.read(arrivedNanos, startedNanos);
  }

  @Override
  public void put(PutRequest request, StreamObserver<WriteResponse> answers) {
    write(() -> member.write(requests.batch(request)), 0, answers);
  }

  @Override
  public void delete(DeleteRequest request, StreamObserver<WriteResponse> answers) {
    write(() -> member.write(requests.batch(request)), 0, answers);
  }

  @Override
  public void write(WriteRequest request, StreamObserver<WriteResponse> answers) {
    write(() -> member.write(requests.batch(request)), request.getRequestId(), answers);
  }

  private interface Write {
    CompletableFuture<Written> start() throws RefusedException;
  }

  private void write(Write write, long requestId, StreamObserver<WriteResponse> answers) {
    long arrivedNanos = metrics.now();
    quietWhenCancelled(answers);
    CompletableFuture<Written> started;
    try {
      started = write.start();
    } catch (RefusedException e) {
      fail(answers, e);
      return;
    }
    var _ =
        started.whenComplete(
            (written, failure) -> {
              if (failure != null) {
                fail(answers, failure);
                return;
              }
              metrics.written(arrivedNanos);
              answers.onNext(
                  WriteResponse.newBuilder()
                      .setSequence(written.sequence())
                      .setTerm(written.term())
                      .setRequestId(requestId)
                      .build());
              answers.onCompleted();
            });
  }

  @Override
  public StreamObserver<WriteRequest> writeStream(StreamObserver<WriteResponse> answers) {
    return new WriteStream(
        this::apply, (ServerCallStreamObserver<WriteResponse>) answers, gate, metrics);
  }

  private CompletableFuture<Written> apply(WriteRequest request) {
    try {
      return member.write(requests.batch(request));
    } catch (RefusedException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public void scan(ScanRequest request, StreamObserver<Entry> answers) {
    ServerCallStreamObserver<Entry> call = (ServerCallStreamObserver<Entry>) answers;
    ScanCall scan = new ScanCall(request, call, readers, timer, metrics);
    // Handlers must be in place before this method returns; the scan itself may start later.
    call.setOnReadyHandler(scan::wake);
    call.setOnCancelHandler(scan::wake);
    var _ =
        admission
            .admit(new ReadAdmission.Wish(request.getAllowStale(), 0, 0))
            .whenComplete(
                (store, failure) -> {
                  if (failure != null) {
                    fail(answers, failure);
                    return;
                  }
                  try {
                    scan.start(store);
                  } catch (RefusedException e) {
                    fail(answers, e);
                  }
                });
  }

  @Override
  public void watch(WatchRequest request, StreamObserver<WatchResponse> answers) {
    ServerCallStreamObserver<WatchResponse> call =
        (ServerCallStreamObserver<WatchResponse>) answers;
    WatchCall watch = new WatchCall(request, call, member, readers, timer, metrics, watches);
    // Handlers must be in place before this method returns; the watch itself may start later.
    call.setOnReadyHandler(watch::wake);
    call.setOnCancelHandler(watch::wake);
    call.setOnCloseHandler(watch::closed);
    if (request.getAfterSequence() < 0) {
      fail(answers, RefusedException.invalid("after_sequence", "too large"));
      return;
    }
    // A sequence that is not committed here is another store's, or this member is behind.
    var _ =
        admission
            .admit(new ReadAdmission.Wish(false, request.getAfterSequence(), 0))
            .whenComplete(
                (store, failure) -> {
                  if (failure != null) {
                    fail(answers, failure);
                    return;
                  }
                  try {
                    watch.start(store, gate);
                  } catch (RefusedException e) {
                    fail(answers, e);
                  }
                });
  }

  /** Without a handler, answering a call that its client cancelled would throw. */
  private static void quietWhenCancelled(StreamObserver<?> answers) {
    ((ServerCallStreamObserver<?>) answers).setOnCancelHandler(() -> {});
  }

  private void fail(StreamObserver<?> answers, Throwable failure) {
    Errors.Described described = Errors.describe(failure);
    metrics.failed(described);
    answers.onError(Errors.asException(described));
  }
}
