package dev.varve.store.compaction;

import dev.varve.store.format.RunListReader;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;

/**
 * Makes a compaction's outputs from a run list and this member's own inputs, which are
 * byte-identical to the primary's: no decision, no scan of what is not copied. One object a run;
 * {@link #install} as with {@link SegmentRewriter}.
 */
public final class SegmentRebuilder {

  private static final int BUFFER_BYTES = 256 << 10;

  private final String keyspace;
  private final RateLimiter limiter;
  private final CancelToken token;
  private final Outputs outputs;

  /** What the buffer holds: so many bytes of a source from an offset on. */
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);

  private int bufferSource = -1;
  private long bufferAt;

  /** Rebuilds into the directory of a keyspace. */
  public SegmentRebuilder(
      Storage storage, String keyspace, RateLimiter limiter, CancelToken token) {
    this.keyspace = keyspace;
    this.limiter = limiter;
    this.token = token;
    this.outputs = new Outputs(storage, keyspace, TemporaryFolder.BESIDE_OUTPUTS, Runnable::run);
  }

  /**
   * Writes the outputs under temporary names, synced on return. After an exception nothing is left.
   *
   * @param runs the run list, before its first item
   * @param sources the inputs in the order of {@link RunListReader#sources}
   * @param wanted the outputs in order, as the primary's edit names them
   * @throws RebuildMismatchException if an output's length or CRC differs
   */
  public void rebuild(RunListReader runs, List<StorageFile> sources, List<OutputSegment> wanted)
      throws IOException {
    try {
      copy(runs, sources, wanted);
    } catch (IOException | RuntimeException e) {
      outputs.discard(e);
      throw e;
    }
  }

  /** Gives the files their names, durable on return. */
  public void install() throws IOException {
    try {
      outputs.install();
    } catch (IOException | RuntimeException e) {
      outputs.discard(e);
      throw e;
    }
  }

  private void copy(RunListReader runs, List<StorageFile> sources, List<OutputSegment> wanted)
      throws IOException {
    Iterator<OutputSegment> next = wanted.iterator();
    OutputSegment current = null;
    while (runs.next()) {
      if (runs.item() != RunListReader.Item.RUN) {
        continue;
      }
      long offset = runs.offset();
      long left = runs.length();
      while (left > 0) {
        if (current == null) {
          if (!next.hasNext()) {
            throw new RebuildMismatchException(
                runs.target().runsPath(keyspace), "it lists more bytes than the outputs have");
          }
          current = next.next();
          outputs.begin(current.id());
        }
        // Adjacent runs may have been joined across two outputs.
        long part = Math.min(left, current.length() - outputs.length());
        append(runs.source(), sources.get(runs.source()), offset, part);
        offset += part;
        left -= part;
        if (outputs.length() == current.length()) {
          seal(current);
          current = null;
        }
      }
    }
    if (current != null || next.hasNext()) {
      SegmentId missing = current != null ? current.id() : next.next().id();
      throw new RebuildMismatchException(missing.logPath(keyspace), "the run list ends before it");
    }
  }

  private void seal(OutputSegment wanted) throws IOException {
    OutputSegment made = outputs.verifyAndSeal();
    if (made.crc() != wanted.crc()) {
      throw new RebuildMismatchException(
          wanted.id().logPath(keyspace),
          String.format("CRC32C %08x, not %08x", made.crc(), wanted.crc()));
    }
  }

  private void append(int index, StorageFile source, long from, long length) throws IOException {
    long at = from;
    long left = length;
    while (left > 0) {
      if (index != bufferSource || at < bufferAt || at >= bufferAt + buffer.limit()) {
        load(index, source, at);
      }
      int into = (int) (at - bufferAt);
      int part = (int) Math.min(left, buffer.limit() - into);
      outputs.append(buffer, into, part);
      at += part;
      left -= part;
    }
  }

  private void load(int index, StorageFile source, long at) throws IOException {
    buffer.clear();
    int read = source.read(buffer, at);
    if (read == 0) {
      throw new RebuildMismatchException(keyspace, "input " + index + " ends before byte " + at);
    }
    buffer.flip();
    bufferSource = index;
    bufferAt = at;
    limiter.acquire(read, token);
  }
}
