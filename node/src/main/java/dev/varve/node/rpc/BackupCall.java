package dev.varve.node.rpc;

import com.google.protobuf.ByteString;
import dev.varve.protocol.v1.BackupChunk;
import dev.varve.store.Backup;
import dev.varve.store.Store;
import dev.varve.store.format.Crc32c;
import io.grpc.stub.ServerCallStreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CancellationException;

/**
 * One Backup call. It sends while the transport takes more and waits while it does not, so that it
 * holds one chunk at a time; a client that takes nothing for a minute loses what is pinned for it.
 */
final class BackupCall {
  private static final Duration IDLE_MAX = Duration.ofSeconds(60);

  private final ServerCallStreamObserver<BackupChunk> answers;
  private boolean shuttingDown;

  /** Takes the call's handlers: to be made before the call's method returns. */
  BackupCall(ServerCallStreamObserver<BackupChunk> answers) {
    this.answers = answers;
    answers.setOnReadyHandler(this::wake);
    answers.setOnCancelHandler(this::wake);
  }

  /** The node stops: the call ends at its next chunk. */
  synchronized void shutDown() {
    shuttingDown = true;
    notifyAll();
  }

  private synchronized void wake() {
    notifyAll();
  }

  /** Sends everything; on the calling thread, which may block. */
  void run(Store store) throws IOException, RefusedException, InterruptedException {
    try (Backup backup = Backup.begin(store)) {
      backup.send(this::send);
    } catch (StoppedException e) {
      throw e.why;
    }
    answers.onCompleted();
  }

  /** Carries a refusal through the store's backup. */
  private static final class StoppedException extends IOException {
    private static final long serialVersionUID = 1L;
    private final transient RefusedException why;

    StoppedException(RefusedException why) {
      super(why);
      this.why = why;
    }
  }

  private void send(String file, long fileLength, long offset, ByteBuffer bytes)
      throws IOException, InterruptedException {
    awaitReady();
    int crc = Crc32c.of(bytes);
    answers.onNext(
        BackupChunk.newBuilder()
            .setFile(file)
            .setFileLength(fileLength)
            .setOffset(offset)
            .setData(ByteString.copyFrom(bytes))
            .setCrc32C(crc)
            .build());
  }

  private synchronized void awaitReady() throws StoppedException, InterruptedException {
    long deadlineNanos = System.nanoTime() + IDLE_MAX.toNanos();
    while (!answers.isReady() || shuttingDown) {
      if (answers.isCancelled()) {
        throw new CancellationException("the client has gone");
      }
      if (shuttingDown) {
        throw new StoppedException(
            new RefusedException(Reason.SHUTTING_DOWN, CallGate.MESSAGE, Map.of()));
      }
      long leftMs = Duration.ofNanos(deadlineNanos - System.nanoTime()).toMillis();
      if (leftMs <= 0) {
        throw new StoppedException(
            new RefusedException(
                Reason.SNAPSHOT_LOST,
                "nothing of the backup was taken for " + IDLE_MAX.toSeconds() + " s",
                Map.of()));
      }
      wait(leftMs);
    }
  }
}
