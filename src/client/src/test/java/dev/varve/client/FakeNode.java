package dev.varve.client;

import com.google.rpc.Code;
import dev.varve.client.FakeCluster.Stored;
import dev.varve.credentials.ListeningPorts;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.Entry;
import dev.varve.protocol.v1.GetRequest;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.ScanRequest;
import dev.varve.protocol.v1.WatchRequest;
import dev.varve.protocol.v1.WatchResponse;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.protocol.v1.WriteResponse;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A member of a {@link FakeCluster}, with failures to order. */
public final class FakeNode {
  private final FakeCluster cluster;
  private final String member;
  private volatile Server server;
  private final Address address;
  private final FakeAdmin admin;
  private final FakeStreams streams;
  private final Deque<StatusRuntimeException> nextFailures = new ConcurrentLinkedDeque<>();
  private final Deque<StatusRuntimeException> nextLost = new ConcurrentLinkedDeque<>();
  private final List<WriteRequest> writes = new CopyOnWriteArrayList<>();
  private final AtomicInteger dataCalls = new AtomicInteger();
  private final AtomicInteger scanned = new AtomicInteger();
  private final AtomicInteger statusCalls = new AtomicInteger();
  private volatile boolean silent;
  private volatile boolean hung;

  FakeNode(FakeCluster cluster, String member, @Nullable SslContext tls) throws IOException {
    this.cluster = cluster;
    this.member = member;
    this.admin = new FakeAdmin(cluster, this);
    this.streams = new FakeStreams(cluster, this);
    this.address = new Address("127.0.0.1", ListeningPorts.free(1).getFirst());
    this.server = serve(address.port(), tls);
  }

  private Server serve(int port, @Nullable SslContext tls) throws IOException {
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
            .maxInboundMessageSize(Connections.MAX_MESSAGE_BYTES)
            .addService(new Data())
            .addService(admin)
            .addService(streams);
    return (tls == null ? builder : builder.sslContext(tls)).build().start();
  }

  /** Listens again where it did, with other credentials; every call ends. */
  void restart(@Nullable SslContext tls) throws IOException {
    stop();
    server = serve(address.port(), tls);
  }

  /** Its name. */
  public String member() {
    return member;
  }

  /** Where it listens. */
  public Address address() {
    return address;
  }

  /** Its operations, to say what a compaction shall do. */
  public FakeAdmin admin() {
    return admin;
  }

  /** Its stream. */
  public FakeStreams streams() {
    return streams;
  }

  /**
   * The next data call ends so, without being applied; several orders are served one after the
   * other.
   */
  public void failNext(StatusRuntimeException failure) {
    nextFailures.add(failure);
  }

  /** The next write is applied, and ends so instead of with its answer. */
  public void loseNextAnswer(StatusRuntimeException failure) {
    nextLost.add(failure);
  }

  /** The batches that arrived, in order. */
  public List<WriteRequest> writes() {
    return writes;
  }

  /** From now on data calls are taken and never answered, or answered again. */
  public void silent(boolean on) {
    silent = on;
  }

  /** From now on no call is answered, as by a process that is stopped, or all are again. */
  public void hang(boolean on) {
    hung = on;
    silent = on;
  }

  /** Counts a call for its status; whether it is to be answered. */
  boolean answersStatus() {
    statusCalls.incrementAndGet();
    return !hung;
  }

  /** How many calls for its status arrived. */
  public int statusCalls() {
    return statusCalls.get();
  }

  /** How many data calls arrived. */
  public int dataCalls() {
    return dataCalls.get();
  }

  /** How many entries scans have sent. */
  public int scanned() {
    return scanned.get();
  }

  /** Stops listening, ending every call. */
  public void stop() {
    server.shutdownNow();
    try {
      server.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  StatusRuntimeException notPrimary() {
    return FakeCluster.error(
        Code.FAILED_PRECONDITION,
        "NOT_PRIMARY",
        member + " is a replica",
        "primary",
        cluster.primaryNode().address().toString(),
        "term",
        String.valueOf(cluster.term()));
  }

  private <R> void answer(StreamObserver<R> observer, boolean needsPrimary, Supplier<R> work) {
    dataCalls.incrementAndGet();
    if (silent) {
      return;
    }
    try {
      StatusRuntimeException ordered = nextFailures.poll();
      if (ordered != null) {
        throw ordered;
      }
      if (needsPrimary && !cluster.isPrimary(this)) {
        throw notPrimary();
      }
      R result = work.get();
      observer.onNext(result);
      observer.onCompleted();
    } catch (StatusRuntimeException e) {
      observer.onError(e);
    }
  }

  private final class Data extends KeyValueGrpc.KeyValueImplBase {
    @Override
    public void get(GetRequest request, StreamObserver<GetResponse> observer) {
      answer(observer, !request.getAllowStale(), () -> read(request));
    }

    private GetResponse read(GetRequest request) {
      if (Long.compareUnsigned(request.getMinSequence(), cluster.sequence()) > 0) {
        throw FakeCluster.error(
            Code.UNAVAILABLE, "REPLICA_BEHIND", "at sequence " + cluster.sequence());
      }
      cluster.check(request.getKeyspace(), request.getKey(), 0, false);
      Stored stored = cluster.entry(request.getKeyspace(), request.getKey());
      return stored == null
          ? GetResponse.getDefaultInstance()
          : GetResponse.newBuilder()
              .setFound(true)
              .setValue(stored.value())
              .setSequence(stored.sequence())
              .setExpiresAtMs(stored.expiresAtMs())
              .build();
    }

    @Override
    public void put(PutRequest request, StreamObserver<WriteResponse> observer) {
      answer(
          observer, true, () -> apply(List.of(Mutation.newBuilder().setPut(request).build()), 0));
    }

    @Override
    public void delete(DeleteRequest request, StreamObserver<WriteResponse> observer) {
      answer(
          observer,
          true,
          () -> apply(List.of(Mutation.newBuilder().setDelete(request).build()), 0));
    }

    @Override
    public void write(WriteRequest request, StreamObserver<WriteResponse> observer) {
      writes.add(request);
      answer(
          observer,
          true,
          () -> {
            WriteResponse response = applyOnce(request);
            StatusRuntimeException lost = nextLost.poll();
            if (lost != null) {
              throw lost;
            }
            return response;
          });
    }

    private WriteResponse applyOnce(WriteRequest request) {
      WriteResponse before = cluster.remembered(request);
      if (before != null) {
        return before;
      }
      WriteResponse response = apply(request.getMutationsList(), request.getRequestId());
      cluster.remember(request, response);
      return response;
    }

    private WriteResponse apply(List<Mutation> mutations, long requestId) {
      synchronized (cluster) {
        for (Mutation mutation : mutations) {
          PutRequest put = mutation.getPut();
          DeleteRequest delete = mutation.getDelete();
          if (mutation.hasPut()) {
            cluster.check(
                put.getKeyspace(), put.getKey(), put.getIfSequence(), put.hasIfSequence());
          } else {
            cluster.check(
                delete.getKeyspace(),
                delete.getKey(),
                delete.getIfSequence(),
                delete.hasIfSequence());
          }
        }
        long sequence = cluster.nextSequence();
        for (Mutation mutation : mutations) {
          PutRequest put = mutation.getPut();
          if (mutation.hasPut()) {
            long expires =
                put.getTtlMs() > 0
                    ? System.currentTimeMillis() + put.getTtlMs()
                    : put.getExpiresAtMs();
            cluster.put(
                put.getKeyspace(), put.getKey(), new Stored(put.getValue(), sequence, expires));
          } else {
            cluster.delete(mutation.getDelete().getKeyspace(), mutation.getDelete().getKey());
          }
        }
        cluster.applied(sequence, mutations);
        return WriteResponse.newBuilder()
            .setSequence(sequence)
            .setTerm(cluster.term())
            .setRequestId(requestId)
            .build();
      }
    }

    @Override
    public void watch(WatchRequest request, StreamObserver<WatchResponse> observer) {
      dataCalls.incrementAndGet();
      StatusRuntimeException ordered = nextFailures.poll();
      if (ordered != null) {
        observer.onError(ordered);
      } else if (!silent) {
        new FakeWatch(
                cluster, FakeNode.this, request, (ServerCallStreamObserver<WatchResponse>) observer)
            .start();
      }
    }

    @Override
    public void scan(ScanRequest request, StreamObserver<Entry> observer) {
      dataCalls.incrementAndGet();
      StatusRuntimeException ordered = nextFailures.poll();
      if (ordered != null || (!request.getAllowStale() && !cluster.isPrimary(FakeNode.this))) {
        observer.onError(ordered != null ? ordered : notPrimary());
        return;
      }
      List<Entry> entries;
      try {
        entries =
            cluster.entries(request.getKeyspace()).entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(request.getPrefix()))
                .map(entry -> entry(entry, request.getKeysOnly()))
                .limit(request.getLimit() == 0 ? Long.MAX_VALUE : request.getLimit())
                .toList();
      } catch (StatusRuntimeException e) {
        observer.onError(e);
        return;
      }
      new Sender(entries, (ServerCallStreamObserver<Entry>) observer).start();
    }

    private static Entry entry(
        Map.Entry<com.google.protobuf.ByteString, Stored> entry, boolean keysOnly) {
      Entry.Builder message =
          Entry.newBuilder()
              .setKey(entry.getKey())
              .setSequence(entry.getValue().sequence())
              .setExpiresAtMs(entry.getValue().expiresAtMs());
      return keysOnly ? message.build() : message.setValue(entry.getValue().value()).build();
    }
  }

  /** Sends entries only as fast as the client takes them. */
  private final class Sender {
    private final List<Entry> entries;
    private final ServerCallStreamObserver<Entry> observer;
    private int next;

    Sender(List<Entry> entries, ServerCallStreamObserver<Entry> observer) {
      this.entries = entries;
      this.observer = observer;
    }

    void start() {
      observer.setOnReadyHandler(this::send);
      send();
    }

    private synchronized void send() {
      while (observer.isReady() && next < entries.size()) {
        observer.onNext(entries.get(next++));
        scanned.incrementAndGet();
      }
      if (next == entries.size()) {
        next++;
        observer.onCompleted();
      }
    }
  }
}
