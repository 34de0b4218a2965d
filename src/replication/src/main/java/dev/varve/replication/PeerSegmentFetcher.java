package dev.varve.replication;

import dev.varve.store.SegmentFetcher;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Brings a compacted segment that cannot be rebuilt here from whichever member has it. Used by the
 * store's adoption, on a thread that may block.
 */
final class PeerSegmentFetcher implements SegmentFetcher {
  private static final int CHUNK_BYTES = 1 << 20;

  private final Scheduler scheduler;
  private final Peers peers;
  private final Header header;
  private final Supplier<List<String>> sources;
  private final Duration timeout;

  /**
   * @param sources whom to ask, best first
   */
  PeerSegmentFetcher(
      Scheduler scheduler,
      Peers peers,
      Header header,
      Supplier<List<String>> sources,
      Duration timeout) {
    this.scheduler = scheduler;
    this.peers = peers;
    this.header = header;
    this.sources = sources;
    this.timeout = timeout;
  }

  @Override
  public void fetch(String path, long length, int crc, StorageFile into) throws IOException {
    IOException failure = new IOException("no other member could give " + path);
    for (String source : sources.get()) {
      try {
        into.truncate(0);
        copy(source, path, length, into);
        if (FileChecksum.of(into, length) == crc) {
          return;
        }
        failure.addSuppressed(new IOException(path + " of " + source + " has another checksum"));
      } catch (IOException e) {
        failure.addSuppressed(e);
      }
    }
    throw failure;
  }

  private void copy(String source, String path, long length, StorageFile into) throws IOException {
    long offset = 0;
    while (offset < length) {
      int wanted = (int) Math.min(CHUNK_BYTES, length - offset);
      Response.FileBytes chunk =
          scheduler.await(
              peers.ask(
                  source,
                  new Request.GetFile(header.shard(), header.term(), "", path, offset, wanted),
                  Response.FileBytes.class,
                  timeout));
      ByteBuffer bytes = chunk.bytes().duplicate();
      if (!bytes.hasRemaining() || bytes.remaining() > wanted) {
        throw new IOException(source + " answered " + bytes.remaining() + " bytes of " + path);
      }
      int count = bytes.remaining();
      into.write(new ByteBuffer[] {bytes}, offset);
      offset += count;
    }
  }
}
