package dev.varve.node.rpc;

import com.google.protobuf.UnsafeByteOperations;
import dev.varve.protocol.v1.StreamEntry;
import dev.varve.protocol.v1.StreamReadRequest;
import dev.varve.replication.Member;
import dev.varve.replication.NotPrimaryException;
import dev.varve.store.EventStream;
import dev.varve.store.Store;
import dev.varve.store.StreamReader;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * One Read call. Like a scan it reads on the reader pool while the client takes what it gets, in
 * slices, and gives the thread back in between; while there is nothing to read or nobody to take
 * it, it holds neither thread nor file. One that follows is woken by the store when there is more,
 * and ends when the client goes, the node stops, or this member is the primary no longer.
 */
final class StreamReadCall {
  private static final int SLICE_ENTRIES = 256;

  private final StreamReadRequest request;
  private final ServerCallStreamObserver<StreamEntry> answers;
  private final DataMetrics metrics;

  private final Turns turns;
  private final EndlessCall endless;
  private volatile @Nullable Store store;
  private volatile boolean ended;

  // Only its turns touch these.
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
    this.turns = new Turns(readers, this::step);
    this.endless = new EndlessCall(member, timer, turns::wake);
    this.metrics = metrics;
  }

  /** Begins to read from {@code from}. */
  void start(Store from, CallGate gate) throws RefusedException {
    store = from;
    turns.start();
    if (request.getFollow()) {
      endless.begin(gate, () -> false);
    }
  }

  /** Something changed: the transport takes more, there are entries, or it is time to end. */
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
      if (request.getFollow()) {
        endless.require();
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
          var _ = entries.whenMore().whenComplete(endless::more);
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
      Errors.Described described = Errors.describe(endless.reason(e));
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

  private void end() {
    ended = true;
    endless.end();
    StreamReader open = reader;
    if (open != null) {
      reader = null;
      open.close();
    }
  }
}
