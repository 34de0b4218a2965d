package dev.varve.client;

import dev.varve.protocol.v1.Entry;
import dev.varve.protocol.v1.KeyValueGrpc;
import dev.varve.protocol.v1.ScanRequest;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a scan, in no order, one shard after the other, each the view of one sequence of
 * that shard. For one thread. Throws {@link VarveException}, such as {@link SnapshotLostException},
 * when it cannot go on.
 */
public final class ScanCursor implements Iterator<Entry>, AutoCloseable {
  private final Streams streams;
  private final ScanOptions options;
  private final int shards;
  private int shard;
  private int delivered;
  private @Nullable MessageStream<Entry> current;

  ScanCursor(Streams streams, ScanOptions options, int shards) {
    this.streams = streams;
    this.options = options;
    this.shards = shards;
  }

  @Override
  public boolean hasNext() {
    while (shard < shards && (options.limit() == 0 || delivered < options.limit())) {
      MessageStream<Entry> stream = current;
      if (stream == null) {
        stream = open();
        current = stream;
      }
      if (stream.hasNext()) {
        return true;
      }
      current = null;
      shard++;
    }
    return false;
  }

  @Override
  public Entry next() {
    MessageStream<Entry> stream = hasNext() ? current : null;
    if (stream == null) {
      throw new NoSuchElementException();
    }
    delivered++;
    return stream.next();
  }

  private MessageStream<Entry> open() {
    ScanRequest request =
        ScanRequest.newBuilder()
            .setKeyspace(options.keyspace())
            .setPrefix(options.prefix())
            .setKeysOnly(options.keysOnly())
            .setLimit(options.limit() == 0 ? 0 : options.limit() - delivered)
            .setAllowStale(options.allowStale())
            .build();
    return streams.open(
        KeyValueGrpc.getScanMethod(),
        request,
        CallKind.READ,
        shard,
        null,
        Streams.IDLE_LIMIT,
        true);
  }

  /** Ends the scan on the server as well. */
  @Override
  public void close() {
    MessageStream<Entry> stream = current;
    if (stream != null) {
      stream.close();
    }
  }
}
