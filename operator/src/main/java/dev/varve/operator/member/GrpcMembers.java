package dev.varve.operator.member;

import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.PlanRequest;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** {@link Members} over plain-text gRPC, one idle-closing connection an address. */
public final class GrpcMembers implements Members, AutoCloseable {

  /** More of one run than any run leaves: a few events a keyspace. */
  private static final int MOST_EVENTS = 1_000;

  private final ConcurrentHashMap<String, ManagedChannel> channels = new ConcurrentHashMap<>();
  private final Duration deadline;

  public GrpcMembers(Duration deadline) {
    this.deadline = deadline;
  }

  @Override
  public Reply<StatusResponse> status(String address) {
    return call(address, admin -> admin.status(StatusRequest.getDefaultInstance()));
  }

  @Override
  public Reply<PlanResponse> plan(String address, CompactRequest request) {
    return call(
        address, admin -> admin.plan(PlanRequest.newBuilder().setCompaction(request).build()));
  }

  @Override
  public Reply<List<CompactionEvent>> run(String address, String runId) {
    EventsRequest request = EventsRequest.newBuilder().setRunId(runId).setLast(MOST_EVENTS).build();
    return call(
        address,
        admin -> {
          var events = new ArrayList<CompactionEvent>();
          Iterator<CompactionEvent> stream = admin.events(request);
          while (stream.hasNext()) {
            events.add(stream.next());
          }
          return List.copyOf(events);
        });
  }

  private <T> Reply<T> call(String address, Function<AdminGrpc.AdminBlockingStub, T> call) {
    try {
      AdminGrpc.AdminBlockingStub admin =
          AdminGrpc.newBlockingStub(channels.computeIfAbsent(address, GrpcMembers::open))
              .withDeadlineAfter(deadline.toMillis(), TimeUnit.MILLISECONDS);
      return new Reply.Answer<>(call.apply(admin));
    } catch (StatusRuntimeException e) {
      String description = e.getStatus().getDescription();
      return new Reply.Silence<>(
          address
              + ": "
              + e.getStatus().getCode()
              + (description == null ? "" : " (" + description + ")"));
    }
  }

  private static ManagedChannel open(String address) {
    return ManagedChannelBuilder.forTarget("dns:///" + address)
        .usePlaintext()
        .idleTimeout(1, TimeUnit.MINUTES)
        .build();
  }

  /** Forgets the members of a cluster that is gone: addresses that end in {@code suffix}. */
  public void forget(String suffix) {
    channels.forEach(
        (address, channel) -> {
          if (address.endsWith(suffix) && channels.remove(address, channel)) {
            channel.shutdownNow();
          }
        });
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
    channels.clear();
  }
}
