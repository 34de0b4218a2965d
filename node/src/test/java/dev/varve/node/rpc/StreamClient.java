package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's end of a stream that can take as few answers as its test wants.
 *
 * @param <Q> what it sends
 * @param <R> what it gets
 */
final class StreamClient<Q, R> implements ClientResponseObserver<Q, R> {
  final List<R> answers = Collections.synchronizedList(new ArrayList<>());
  private final CountDownLatch ended = new CountDownLatch(1);
  private final CompletableFuture<ClientCallStreamObserver<Q>> call = new CompletableFuture<>();
  private final int initial;
  private volatile @Nullable Throwable failure;

  /**
   * @param initial how many answers it takes at first; -1: all, as they come
   */
  StreamClient(int initial) {
    this.initial = initial;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> requests) {
    if (initial >= 0) {
      requests.disableAutoRequestWithInitial(initial);
    }
    call.complete(requests);
  }

  ClientCallStreamObserver<Q> call() {
    return call.join();
  }

  @Nullable Throwable failure() {
    return failure;
  }

  @Override
  public void onNext(R answer) {
    answers.add(answer);
  }

  @Override
  public void onError(Throwable cause) {
    failure = cause;
    ended.countDown();
  }

  @Override
  public void onCompleted() {
    ended.countDown();
  }

  void awaitEnd() throws InterruptedException {
    assertTrue(ended.await(60, TimeUnit.SECONDS), answers.size() + " answers and no end");
  }
}
