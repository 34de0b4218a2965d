package dev.varve.node.rpc;

import com.google.protobuf.UnsafeByteOperations;
import dev.varve.protocol.v1.Entry;
import dev.varve.protocol.v1.ScanRequest;
import dev.varve.store.Scan;
import dev.varve.store.Store;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One Scan call. It reads on the reader pool while the client takes what it gets, gives the thread
 * back when the client does not or after a slice of entries, and goes on when the transport wants
 * more. So it holds one entry at a time, and slow clients hold no thread.
 */
final class ScanCall {
  private static final int SLICE_ENTRIES = 256;

  /** A client that takes nothing for so long loses its view, which keeps segments from going. */
  private static final Duration IDLE_MAX = Duration.ofSeconds(60);

  private final ScanRequest request;
  private final ServerCallStreamObserver<Entry> answers;
  private final ScheduledExecutorService timer;
  private final DataMetrics metrics;

  private final Turns turns;
  private volatile @Nullable Store store;
  private volatile boolean idleTooLong;
  private final AtomicLong served = new AtomicLong();
  private volatile boolean ended;

  // Only its turns touch these.
  private @Nullable Scan scan;
  private long sent;

  ScanCall(
      ScanRequest request,
      ServerCallStreamObserver<Entry> answers,
      ReaderPool readers,
      ScheduledExecutorService timer,
      DataMetrics metrics) {
    this.request = request;
    this.answers = answers;
    this.turns = new Turns(readers, this::step);
    this.timer = timer;
    this.metrics = metrics;
  }

  /** Begins to read from {@code from}. */
  void start(Store from) throws RefusedException {
    store = from;
    turns.start();
    watchIdle();
  }

  /** Something changed: the transport takes more, or the client has gone. */
  void wake() {
    turns.wake();
  }

  /** Sends a slice; true if there is more to do at once. */
  private boolean step() {
    Store from = store;
    if (from == null || ended) {
      return false;
    }
    int slice = 0;
    try {
      if (answers.isCancelled()) {
        end();
        return false;
      }
      if (idleTooLong) {
        throw new RefusedException(
            Reason.SNAPSHOT_LOST, "nothing was taken for " + IDLE_MAX.toSeconds() + " s", Map.of());
      }
      Scan entries = scan;
      if (entries == null) {
        entries =
            from.scan(
                Requests.keyspace(request.getKeyspace()),
                request.getPrefix().toByteArray(),
                request.getKeysOnly());
        scan = entries;
      }
      while (answers.isReady()) {
        if (slice == SLICE_ENTRIES) {
          return true;
        }
        Scan.@Nullable Entry entry = limitReached() ? null : entries.next();
        if (entry == null) {
          end();
          answers.onCompleted();
          return false;
        }
        answers.onNext(message(entry));
        sent++;
        slice++;
      }
      return false;
    } catch (IOException | RefusedException | RuntimeException e) {
      end();
      Errors.Described described = Errors.describe(e);
      metrics.failed(described);
      answers.onError(Errors.asException(described));
      return false;
    } finally {
      served.addAndGet(slice);
      metrics.scanned(slice);
    }
  }

  private boolean limitReached() {
    return request.getLimit() != 0 && sent >= Integer.toUnsignedLong(request.getLimit());
  }

  private static Entry message(Scan.Entry entry) {
    return Entry.newBuilder()
        .setKey(UnsafeByteOperations.unsafeWrap(entry.key()))
        .setValue(UnsafeByteOperations.unsafeWrap(entry.versioned().value()))
        .setSequence(entry.versioned().sequence())
        .setExpiresAtMs(entry.versioned().expiresAtMs())
        .build();
  }

  /** Looks once in a while whether the client took anything since; such a look is one task. */
  private void watchIdle() {
    long before = served.get();
    var _ =
        timer.schedule(
            () -> {
              if (ended) {
                return;
              }
              if (served.get() == before) {
                idleTooLong = true;
                wake();
              } else {
                watchIdle();
              }
            },
            IDLE_MAX.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void end() {
    ended = true;
    Scan open = scan;
    if (open != null) {
      scan = null;
      open.close();
    }
  }
}
