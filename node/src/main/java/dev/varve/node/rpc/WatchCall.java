package dev.varve.node.rpc;

import com.google.protobuf.UnsafeByteOperations;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import dev.varve.protocol.v1.WatchRequest;
import dev.varve.protocol.v1.WatchResponse;
import dev.varve.replication.Member;
import dev.varve.replication.NotPrimaryException;
import dev.varve.store.ChangeReader;
import dev.varve.store.ChangeSet;
import dev.varve.store.Store;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * One Watch call. It reads on the reader pool, in slices, as long as the client takes what it gets;
 * then it keeps its position and reads on from memory or segments later, however far it fell
 * behind. It is woken by the store when there is more, tells the position once in a while by an
 * empty message, and ends when the client goes, the node stops, this member is the primary no
 * longer, or what comes next is gone.
 */
final class WatchCall {
  private static final int SLICE_SETS = 256;

  /** What the transport may hold of a call that is ready for more; smaller ones are not counted. */
  private static final int READY_BYTES = 32 << 10;

  /** With nothing to tell, an empty message tells the position that often. */
  static final Duration HEARTBEAT = Duration.ofSeconds(2);

  private final String keyspace;
  private final byte[] prefix;
  private final ServerCallStreamObserver<WatchResponse> answers;
  private final DataMetrics metrics;
  private final Watches watches;
  private final Turns turns;
  private final EndlessCall endless;
  private final Runnable wake;
  private volatile @Nullable Store store;
  private volatile boolean closed;
  private volatile boolean heartbeatDue = true;
  private volatile long saidNanos;

  // Only its turns touch these.
  private @Nullable ChangeReader reader;
  private long position;
  private long held;
  private boolean ended;

  WatchCall(
      WatchRequest request,
      ServerCallStreamObserver<WatchResponse> answers,
      Member member,
      ReaderPool readers,
      ScheduledExecutorService timer,
      DataMetrics metrics,
      Watches watches) {
    this.keyspace = Requests.keyspace(request.getKeyspace());
    this.prefix = request.getPrefix().toByteArray();
    this.position = request.getAfterSequence();
    this.answers = answers;
    this.metrics = metrics;
    this.watches = watches;
    this.turns = new Turns(readers, this::turn);
    this.wake = turns::wake;
    this.endless = new EndlessCall(member, timer, wake);
  }

  /** Begins to read from {@code from}. */
  void start(Store from, CallGate gate) throws RefusedException {
    watches.enter();
    store = from;
    saidNanos = System.nanoTime();
    try {
      turns.start();
    } catch (RefusedException e) {
      watches.left();
      throw e;
    }
    endless.begin(gate, this::isHeartbeatDue);
  }

  /** Something changed: the transport takes more, or the client has gone. */
  void wake() {
    wake.run();
  }

  /** All was sent and taken, the end included. */
  void closed() {
    closed = true;
    wake.run();
  }

  private boolean isHeartbeatDue() {
    heartbeatDue |= System.nanoTime() - saidNanos >= HEARTBEAT.toNanos();
    return heartbeatDue;
  }

  private boolean turn() {
    Store from = store;
    if (from == null) {
      return false;
    }
    if (!ended) {
      return step(from);
    }
    if (closed || answers.isCancelled()) {
      giveBack();
    }
    return false;
  }

  /** Sends a slice; true if there is more to do at once. */
  private boolean step(Store from) {
    int sent = 0;
    try {
      if (answers.isCancelled()) {
        end();
        return false;
      }
      endless.require();
      ChangeReader changes = open(from);
      for (int sets = 0; answers.isReady(); sets++) {
        giveBack();
        if (sets == SLICE_SETS) {
          return true;
        }
        ChangeSet set = changes.next();
        if (set != null && !set.changes().isEmpty()) {
          WatchResponse message = message(set);
          if (!hasRoom(message)) {
            closeReader(); // to be read again, from the position before it
            return false;
          }
          send(message);
          sent++;
          position = changes.position();
          continue;
        }
        position = changes.position();
        if (heartbeatDue) {
          send(WatchResponse.newBuilder().setSequence(position).build());
        }
        if (set == null) {
          var _ = changes.whenMore().whenComplete(endless::more);
          return false;
        }
      }
      changes.pause();
      return false;
    } catch (IOException | RefusedException | NotPrimaryException | RuntimeException e) {
      end();
      Errors.Described described = Errors.describe(endless.reason(e));
      metrics.failed(described);
      answers.onError(Errors.asException(described));
      return false;
    } finally {
      metrics.watched(sent);
    }
  }

  private ChangeReader open(Store from) throws IOException {
    ChangeReader open = reader;
    if (open == null) {
      open = from.changes(keyspace, prefix, position);
      reader = open;
    }
    return open;
  }

  private void send(WatchResponse message) {
    answers.onNext(message);
    heartbeatDue = false;
    saidNanos = System.nanoTime();
  }

  private boolean hasRoom(WatchResponse message) {
    int bytes = message.getSerializedSize();
    if (bytes <= READY_BYTES) {
      return true;
    }
    boolean taken = watches.take(bytes, wake);
    held += taken ? bytes : 0;
    return taken;
  }

  /** The transport is ready for more, or through with the call: it holds nothing large any more. */
  private void giveBack() {
    if (held > 0) {
      long sent = held;
      held = 0;
      watches.gave(sent);
    }
  }

  private WatchResponse message(ChangeSet set) {
    WatchResponse.Builder message = WatchResponse.newBuilder().setSequence(set.sequence());
    for (ChangeSet.Change change : set.changes()) {
      var key = UnsafeByteOperations.unsafeWrap(change.key());
      byte[] value = change.value();
      message.addMutations(
          value == null
              ? Mutation.newBuilder()
                  .setDelete(DeleteRequest.newBuilder().setKeyspace(keyspace).setKey(key))
              : Mutation.newBuilder()
                  .setPut(
                      PutRequest.newBuilder()
                          .setKeyspace(keyspace)
                          .setKey(key)
                          .setValue(UnsafeByteOperations.unsafeWrap(value))
                          .setExpiresAtMs(change.expiresAtMs())));
    }
    return message.build();
  }

  private void end() {
    ended = true;
    endless.end();
    watches.forget(wake);
    watches.left();
    closeReader();
    if (answers.isCancelled()) {
      giveBack();
    }
  }

  private void closeReader() {
    ChangeReader open = reader;
    if (open != null) {
      reader = null;
      open.close();
    }
  }
}
