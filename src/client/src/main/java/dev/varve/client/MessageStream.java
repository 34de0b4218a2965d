package dev.varve.client;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a server's stream, in order. At most a window of them wait here: a slow reader
 * slows the server down. For one reading thread; {@link #close} may come from any, and cancels the
 * call on the server.
 *
 * <p>{@link #hasNext} and {@link #next} throw {@link VarveException} when the stream breaks off;
 * what was delivered before stands.
 */
public final class MessageStream<T> implements Iterator<T>, AutoCloseable {
  private static final int WINDOW = 64;

  private sealed interface Item<T> {
    record Message<T>(T value) implements Item<T> {}

    record End<T>(@Nullable VarveException failure) implements Item<T> {}
  }

  private final BlockingQueue<Item<T>> queue = new LinkedBlockingQueue<>();
  private final ClientCall<?, T> call;
  private final @Nullable Duration idleLimit;
  private final int window;
  private @Nullable Item<T> head;
  private int consumed;

  private MessageStream(ClientCall<?, T> call, @Nullable Duration idleLimit, int window) {
    this.call = call;
    this.idleLimit = idleLimit;
    this.window = window;
  }

  /** Starts the call with a window of {@value #WINDOW} messages. */
  static <Q, T> MessageStream<T> start(
      io.grpc.Channel channel,
      MethodDescriptor<Q, T> method,
      Q request,
      CallKind kind,
      @Nullable Duration limit,
      @Nullable Duration idleLimit) {
    return start(channel, method, request, kind, limit, idleLimit, WINDOW);
  }

  /**
   * Starts the call.
   *
   * @param limit how long the whole stream may take; null: without end
   * @param idleLimit how long to wait for one message; null: without end
   * @param window how many messages may wait here, at least 2
   */
  static <Q, T> MessageStream<T> start(
      io.grpc.Channel channel,
      MethodDescriptor<Q, T> method,
      Q request,
      CallKind kind,
      @Nullable Duration limit,
      @Nullable Duration idleLimit,
      int window) {
    SentTracer tracer = new SentTracer();
    CallOptions options = CallOptions.DEFAULT.withStreamTracerFactory(tracer);
    if (limit != null) {
      options = options.withDeadlineAfter(limit.toNanos(), TimeUnit.NANOSECONDS);
    }
    ClientCall<Q, T> call = channel.newCall(method, options);
    MessageStream<T> stream = new MessageStream<>(call, idleLimit, window);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(T message) {
            stream.queue.add(new Item.Message<>(message));
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            stream.queue.add(
                new Item.End<>(
                    status.isOk()
                        ? null
                        : Errors.of(status.asRuntimeException(trailers), kind, tracer.sent())));
          }
        },
        new Metadata());
    call.request(window);
    call.sendMessage(request);
    call.halfClose();
    return stream;
  }

  @Override
  public boolean hasNext() {
    return switch (head()) {
      case Item.Message<T> _ -> true;
      case Item.End<T>(VarveException failure) when failure != null -> throw failure;
      case Item.End<T> _ -> false;
    };
  }

  @Override
  public T next() {
    if (!(head() instanceof Item.Message<T>(T value))) {
      if (hasNext()) {
        throw new AssertionError("the head changed under its only reader");
      }
      throw new NoSuchElementException();
    }
    head = null;
    consumed++;
    if (consumed == window / 2) {
      call.request(consumed);
      consumed = 0;
    }
    return value;
  }

  private Item<T> head() {
    Item<T> item = head;
    if (item == null) {
      item = take();
      head = item;
    }
    return item;
  }

  private Item<T> take() {
    try {
      if (idleLimit == null) {
        return queue.take();
      }
      Item<T> item = queue.poll(idleLimit.toNanos(), TimeUnit.NANOSECONDS);
      if (item != null) {
        return item;
      }
      call.cancel("no message for " + idleLimit, null);
      return new Item.End<>(
          new UnavailableException(
              Reason.TIMEOUT, "no message for " + idleLimit.toSeconds() + " s", Map.of(), null));
    } catch (InterruptedException e) {
      call.cancel("interrupted", e);
      Thread.currentThread().interrupt();
      return new Item.End<>(
          new CallCancelledException(
              Reason.CANCELLED, "interrupted while waiting for a message", Map.of(), e));
    }
  }

  /**
   * Cancels the call if it still runs. A thread waiting in {@link #next} gets {@link
   * CallCancelledException}.
   */
  @Override
  public void close() {
    call.cancel("closed by the caller", null);
  }
}
