package dev.varve.client;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.WatchRequest;
import dev.varve.protocol.v1.WatchResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;

/**
 * One watch of a {@link FakeNode}: tells of the cluster's batches only as fast as the client takes
 * them, and ends when its node is no longer the primary.
 */
final class FakeWatch {
  private final FakeCluster cluster;
  private final FakeNode node;
  private final WatchRequest request;
  private final ServerCallStreamObserver<WatchResponse> answers;
  private long position;
  private boolean spoken;
  private boolean ended;

  FakeWatch(
      FakeCluster cluster,
      FakeNode node,
      WatchRequest request,
      ServerCallStreamObserver<WatchResponse> answers) {
    this.cluster = cluster;
    this.node = node;
    this.request = request;
    this.answers = answers;
    this.position = request.getAfterSequence();
  }

  void start() {
    cluster.entered(this);
    answers.setOnReadyHandler(this::send);
    answers.setOnCancelHandler(() -> cluster.left(this));
    send();
  }

  /** There may be something to tell, or room for it. */
  void send() {
    synchronized (cluster) { // the one lock: batches come from under it
      if (ended || answers.isCancelled()) {
        return;
      }
      try {
        if (!cluster.isPrimary(node)) {
          throw node.notPrimary();
        }
        if (!spoken && position < cluster.goneUpTo()) {
          throw FakeCluster.error(
              Code.OUT_OF_RANGE,
              "SEQUENCE_TOO_OLD",
              "changes up to " + cluster.goneUpTo() + " may be gone",
              "sequence",
              String.valueOf(cluster.goneUpTo()));
        }
        cluster.entries(request.getKeyspace());
        tell();
      } catch (StatusRuntimeException e) {
        ended = true;
        cluster.left(this);
        answers.onError(e);
      }
    }
  }

  private void tell() {
    while (answers.isReady()) {
      WatchResponse batch = cluster.batchAfter(position);
      if (batch == null) {
        if (!spoken) {
          spoken = true;
          answers.onNext(WatchResponse.newBuilder().setSequence(position).build());
        }
        return;
      }
      position = batch.getSequence();
      List<Mutation> own = batch.getMutationsList().stream().filter(this::isWatched).toList();
      if (!own.isEmpty()) {
        spoken = true;
        answers.onNext(batch.toBuilder().clearMutations().addAllMutations(own).build());
      }
    }
  }

  private boolean isWatched(Mutation mutation) {
    String keyspace =
        mutation.hasPut() ? mutation.getPut().getKeyspace() : mutation.getDelete().getKeyspace();
    ByteString key = mutation.hasPut() ? mutation.getPut().getKey() : mutation.getDelete().getKey();
    return named(keyspace).equals(named(request.getKeyspace()))
        && key.startsWith(request.getPrefix());
  }

  private static String named(String keyspace) {
    return keyspace.isEmpty() ? "main" : keyspace;
  }
}
