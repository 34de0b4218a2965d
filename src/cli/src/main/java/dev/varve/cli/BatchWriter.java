package dev.varve.cli;

import com.google.protobuf.ByteString;
import dev.varve.client.OutcomeUnknownException;
import dev.varve.client.VarveClient;
import dev.varve.client.VarveException;
import dev.varve.client.WriteBatch;
import dev.varve.client.WriteOptions;
import dev.varve.client.Written;
import dev.varve.protocol.v1.Mutation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Writes many unconditional puts and deletions in batches, several of them under way at once. Two
 * of one key are never under way together, so the later one wins. A batch whose outcome is unknown
 * is sent again, which is safe as its mutations are unconditional and the same. For one thread.
 */
final class BatchWriter {
  private static final int BATCH_BYTES = 512 * 1024;
  private static final int BATCH_MUTATIONS = 500;
  private static final int WINDOW = 8;
  private static final int REPEATS = 5;

  private record Batch(
      WriteBatch batch, Set<ByteString> keys, long firstLine, CompletableFuture<Written> answer) {}

  private final VarveClient client;
  private final String keyspace;
  private final String source;
  private final Queue<Batch> underWay = new ArrayDeque<>();
  private List<Mutation> mutations = new ArrayList<>();
  private Set<ByteString> keys = new HashSet<>();
  private long bytes;
  private long firstLine;
  private long written;

  /**
   * Writes nothing yet.
   *
   * @param source names the file in messages
   */
  BatchWriter(VarveClient client, String keyspace, String source) {
    this.client = client;
    this.keyspace = keyspace;
    this.source = source;
  }

  /** How many puts and deletions a majority has on disk. */
  long written() {
    return written;
  }

  void put(long line, EntryLine entry) throws InterruptedException {
    WriteOptions options = WriteOptions.DEFAULT.in(keyspace).expiringAt(entry.expiresAtMs());
    Mutation put = VarveClient.putMutation(entry.key(), entry.value(), options);
    add(line, entry.key(), put, entry.key().size() + (long) entry.value().size());
  }

  void delete(long line, ByteString key) throws InterruptedException {
    WriteOptions options = WriteOptions.DEFAULT.in(keyspace);
    add(line, key, VarveClient.deleteMutation(key, options), key.size());
  }

  private void add(long line, ByteString key, Mutation mutation, long size)
      throws InterruptedException {
    if (keys.contains(key)
        || mutations.size() == BATCH_MUTATIONS
        || (bytes + size > BATCH_BYTES && !mutations.isEmpty())) {
      send();
    }
    if (mutations.isEmpty()) {
      firstLine = line;
    }
    mutations.add(mutation);
    keys.add(key);
    bytes += size;
  }

  /** Writes what is left and waits for all of it. */
  void finish() throws InterruptedException {
    send();
    while (!underWay.isEmpty()) {
      settleOldest();
    }
  }

  private void send() throws InterruptedException {
    if (mutations.isEmpty()) {
      return;
    }
    while (underWay.size() >= WINDOW || overlaps()) {
      settleOldest();
    }
    WriteBatch batch = client.batch(mutations);
    underWay.add(new Batch(batch, keys, firstLine, client.writeAsync(batch)));
    mutations = new ArrayList<>();
    keys = new HashSet<>();
    bytes = 0;
  }

  private boolean overlaps() {
    for (Batch batch : underWay) {
      for (ByteString key : keys) {
        if (batch.keys().contains(key)) {
          return true;
        }
      }
    }
    return false;
  }

  private void settleOldest() throws InterruptedException {
    Batch batch = underWay.remove();
    CompletableFuture<Written> answer = batch.answer();
    for (int attempt = 0; ; attempt++) {
      VarveException failure;
      try {
        Written _ = answer.get();
        written += batch.batch().mutations().size();
        return;
      } catch (ExecutionException e) {
        failure = cause(e);
      } catch (CancellationException e) {
        throw new InterruptedException("the write was cancelled");
      }
      if (!(failure instanceof OutcomeUnknownException) || attempt == REPEATS) {
        throw new CommandFailure(
            source
                + ":"
                + batch.firstLine()
                + ": the batch of "
                + batch.batch().mutations().size()
                + " records from this line on was not written: "
                + failure.getMessage(),
            failure);
      }
      answer = client.writeAsync(batch.batch());
    }
  }

  private static VarveException cause(ExecutionException e) {
    Throwable cause = e.getCause();
    while (cause != null && !(cause instanceof VarveException) && cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof VarveException failure) {
      return failure;
    }
    throw new IllegalStateException("unexpected failure of a write", e);
  }
}
