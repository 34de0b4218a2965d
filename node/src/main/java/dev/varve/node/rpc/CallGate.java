package dev.varve.node.rpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the calls of clients, and once closed turns new ones away with SHUTTING_DOWN while those
 * under way go on. Calls between members and health checks pass: the first end with the member, the
 * second say NOT_SERVING.
 */
public final class CallGate implements ServerInterceptor {
  private final Set<Runnable> endless = ConcurrentHashMap.newKeySet();
  private final AtomicLong underWay = new AtomicLong();
  private volatile boolean closed;

  /** Whether new calls are turned away. */
  boolean isClosed() {
    return closed;
  }

  /**
   * Names what ends a call that would not end by itself; runs at once if the gate is closed.
   *
   * @return what to call when the call has ended
   */
  Runnable whenClosed(Runnable end) {
    endless.add(end);
    if (closed) {
      end.run();
    }
    return () -> endless.remove(end);
  }

  /** From now on no new call of a client gets in, and those without an end of their own get one. */
  void close() {
    closed = true;
    endless.forEach(Runnable::run);
  }

  /** Waits until no call of a client is under way; false if some still are after {@code limit}. */
  synchronized boolean awaitIdle(Duration limit) throws InterruptedException {
    long deadlineNanos = System.nanoTime() + limit.toNanos();
    while (underWay.get() > 0) {
      long leftMs = TimeUnit.NANOSECONDS.toMillis(deadlineNanos - System.nanoTime());
      if (leftMs <= 0) {
        return false;
      }
      wait(leftMs);
    }
    return true;
  }

  private void ended() {
    if (underWay.decrementAndGet() == 0 && closed) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String service = call.getMethodDescriptor().getServiceName();
    if (service == null || !service.startsWith("varve.v1.")) {
      return next.startCall(call, headers);
    }
    if (closed) {
      StatusRuntimeException refusal =
          Errors.asException(Errors.Described.of(Reason.SHUTTING_DOWN, MESSAGE, Map.of()));
      Metadata trailers = refusal.getTrailers();
      call.close(refusal.getStatus(), trailers == null ? new Metadata() : trailers);
      return new ServerCall.Listener<>() {};
    }
    underWay.incrementAndGet();
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      // gRPC calls exactly one of these two, at the very end.
      @Override
      public void onComplete() {
        ended();
        super.onComplete();
      }

      @Override
      public void onCancel() {
        ended();
        super.onCancel();
      }
    };
  }

  /** What a caller is told. */
  static final String MESSAGE = "the node is shutting down";
}
