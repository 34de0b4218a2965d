package dev.varve.node.rpc;

import com.google.protobuf.UnsafeByteOperations;
import dev.varve.protocol.v1.StreamEntry;
import dev.varve.protocol.v1.StreamReadRequest;
import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.replication.NotPrimaryException;
import dev.varve.store.EventStream;
import dev.varve.store.Store;
import dev.varve.store.StoreClosedException;
import dev.varve.store.StreamReader;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One Read call. Like a scan it reads on the reader pool while the client takes what it gets, in
 * slices, and gives the thread back in between; while there is nothing to read or nobody to take
 * it, it holds neither thread nor file. One that follows is woken by the store when there is more,
 * and ends when the client goes, the node stops, or this member is the primary no longer.
 */
final class StreamReadCall {
  private static final int SLICE_ENTRIES = 256;

  /** How often one that follows looks whether this is still the primary. */
  private static final Duration PRIMARY_CHECK = Duration.ofMillis(500);

  private final StreamReadRequest request;
  private final ServerCallStreamObserver<StreamEntry> answers;
  private final Member member;
  private final ReaderPool readers;
  private final ScheduledExecutorService timer;
  private final DataMetrics metrics;

  // Wake-ups not yet served; whoever takes it from 0 owns the call until it is back at 0.
  private final AtomicInteger wakeups = new AtomicInteger();
  private volatile @Nullable Store store;
  private volatile boolean ended;
  private volatile boolean stopping;
  private volatile Runnable forgetGate = () -> {};

  // Only the owner touches these.
  private @Nullable StreamReader reader;
  private long endId;
  private long sent;

  StreamReadCall(
      StreamReadRequest request,
      ServerCallStreamObserver<StreamEntry> answers,
      Member member,
      ReaderPool readers,
      ScheduledExecutorService timer,
      DataMetrics metrics) {
    this.request = request;
    this.answers = answers;
    this.member = member;
    this.readers = readers;
    this.timer = timer;
    this.metrics = metrics;
  }

  /** Begins to read from {@code from}. */
  void start(Store from, CallGate gate) throws RefusedException {
    if (wakeups.getAndIncrement() != 0) {
      throw new IllegalStateException("started twice");
    }
    store = from;
    try {
      readers.execute(this::run);
    } catch (RefusedException e) {
      // Stays owned, so that later wake-ups do nothing.
      store = null;
      throw e;
    }
    if (request.getFollow()) {
      forgetGate =
          gate.whenClosed(
              () -> {
                stopping = true;
                wake();
              });
      watchPrimary();
    }
  }

  /** Something changed: the transport takes more, there are entries, or it is time to end. */
  void wake() {
    if (store != null && wakeups.getAndIncrement() == 0) {
      readers.resume(this::run);
    }
  }

  private void run() {
    int serving = wakeups.get();
    while (true) {
      if (!ended && step()) {
        readers.resume(this::run);
        return;
      }
      serving = wakeups.addAndGet(-serving);
      if (serving == 0) {
        return;
      }
    }
  }

  /** Sends a slice; true if there is more to do at once. */
  private boolean step() {
    Store from = store;
    if (from == null) {
      return false;
    }
    int slice = 0;
    try {
      if (answers.isCancelled()) {
        end();
        return false;
      }
      if (stopping) {
        throw new RefusedException(Reason.SHUTTING_DOWN, CallGate.MESSAGE, Map.of());
      }
      if (request.getFollow()) {
        requirePrimary();
      }
      StreamReader entries = open(from);
      while (answers.isReady()) {
        if (slice == SLICE_ENTRIES) {
          return true;
        }
        dev.varve.store.@Nullable StreamEntry entry =
            limitReached() || entries.nextId() > endId ? null : entries.next();
        if (entry != null && entry.id() <= endId) {
          answers.onNext(message(entry));
          sent++;
          slice++;
        } else if (request.getFollow() && !limitReached()) {
          var _ = entries.whenMore().whenComplete(this::more);
          return false;
        } else {
          end();
          answers.onCompleted();
          return false;
        }
      }
      entries.pause();
      return false;
    } catch (IOException | RefusedException | NotPrimaryException | RuntimeException e) {
      end();
      Errors.Described described = Errors.describe(e);
      metrics.failed(described);
      answers.onError(Errors.asException(described));
      return false;
    } finally {
      metrics.streamed(slice);
    }
  }

  private StreamReader open(Store from) throws IOException {
    StreamReader open = reader;
    if (open == null) {
      EventStream stream = from.stream(request.getStream());
      // Without following, what is committed now; a writer must not keep the call from ending.
      endId = request.getFollow() ? Long.MAX_VALUE : stream.lastId();
      open = stream.read(request.getFromId());
      reader = open;
    }
    return open;
  }

  /** On the store's writer. */
  private void more(Void ok, @Nullable Throwable failure) {
    if (failure instanceof StoreClosedException) {
      stopping = true;
    }
    wake();
  }

  private boolean limitReached() {
    return request.getLimit() != 0 && sent >= Integer.toUnsignedLong(request.getLimit());
  }

  private static StreamEntry message(dev.varve.store.StreamEntry entry) {
    return StreamEntry.newBuilder()
        .setId(entry.id())
        .setTimeMs(entry.timeMs())
        .setPayload(UnsafeByteOperations.unsafeWrap(entry.payload()))
        .build();
  }

  private void requirePrimary() throws NotPrimaryException {
    MemberStatus status = member.status();
    if (status.role() != MemberRole.PRIMARY) {
      throw new NotPrimaryException(status.primary(), status.primaryAddress(), status.term());
    }
  }

  private void watchPrimary() {
    var _ =
        timer.schedule(
            () -> {
              if (ended) {
                return;
              }
              if (member.status().role() != MemberRole.PRIMARY) {
                wake();
              }
              watchPrimary();
            },
            PRIMARY_CHECK.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void end() {
    ended = true;
    forgetGate.run();
    StreamReader open = reader;
    if (open != null) {
      reader = null;
      open.close();
    }
  }
}
