package dev.varve.bench.scenario;

import dev.varve.bench.Comparison;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.engine.VarveEngine;
import dev.varve.bench.load.Dataset;
import dev.varve.bench.load.Distribution;
import dev.varve.bench.load.Updates;
import dev.varve.store.CompactionEvent;
import dev.varve.store.format.RecordCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32C;

/** How fast a compaction alone is, beside copying as many bytes. */
final class CompactionSpeed implements Scenario {
  private static final String COPY = "checksummed copy";
  private static final int BUFFER_BYTES = 1 << 20;
  private static final long VERIFIED_KEYS = 2000;

  @Override
  public String name() {
    return "compaction-speed";
  }

  @Override
  public String title() {
    return "Compaction with no other load";
  }

  @Override
  public String method() {
    return "Before each turn another half of the keys is overwritten. Varve: bytes of the records that"
        + " the run copied, a second, from the call to its return; retired segments are deleted by a checkpoint after it, as usual."
        + " \"Checksummed copy\" reads as many"
        + " bytes as Varve copied in its latest turn from a file in the page cache in pieces of 1 MiB,"
        + " takes their CRC32C, writes them to a new file and syncs it. Peers: bytes of all live keys"
        + " and values a second of their own compaction, whatever it copies; for information. Xodus is"
        + " left out: it does not tell when it is done.";
  }

  @Override
  public void run(Session session) throws IOException {
    for (int valueBytes : session.settings().valueBytes()) {
      run(session, Dataset.ofBytes(session.settings().dataBytes(), valueBytes));
    }
  }

  private void run(Session session, Dataset data) throws IOException {
    Comparison comparison = new Comparison(name(), Sizes.label(data.valueBytes()), "MiB/s");
    AtomicLong copied = new AtomicLong(data.bytes());
    Path source = session.newDirectory("source");
    try (Session.Stores stores = session.stores(data, true)) {
      write(source.resolve("bytes"), data.bytes() * 2);
      for (Map.Entry<Contender, Engine> entry : stores.engines().entrySet()) {
        Engine engine = entry.getValue();
        Updates updates = new Updates(engine, data, Distribution.uniform(data.keys()));
        if (engine instanceof VarveEngine varve) {
          comparison.side(
              entry.getKey().label(), () -> compact(session, varve, updates, data, copied));
        } else if (entry.getKey() != Contender.XODUS) {
          comparison.side(entry.getKey().label(), () -> compact(session, engine, updates, data));
        }
      }
      comparison.side(COPY, () -> copy(session, source, copied.get()));
      comparison.run(session);
    } finally {
      Session.delete(source);
    }
    session.add(comparison.row(Contender.VARVE.label(), COPY, Target.atLeast(0.7), ""));
    for (Contender peer : session.settings().contenders()) {
      if (peer != Contender.VARVE && comparison.has(peer.label())) {
        session.add(comparison.row(Contender.VARVE.label(), peer.label(), null, ""));
      }
    }
  }

  private static double compact(
      Session session, VarveEngine varve, Updates updates, Dataset data, AtomicLong copied)
      throws IOException {
    updates.half(done -> {});
    session.touchMemory(2 * data.bytes());
    long started = System.nanoTime();
    CompactionEvent end = varve.compactNow(false);
    double seconds = (System.nanoTime() - started) / 1e9;
    if (end.type() != CompactionEvent.Type.COMPLETED) {
      throw new IllegalStateException("nothing was compacted: " + end.message());
    }
    varve.checkpoint();
    updates.verify(VERIFIED_KEYS);
    long bytes =
        (end.recordsScanned() - end.recordsDropped())
            * RecordCodec.encodedLength(Dataset.KEY_BYTES, data.valueBytes());
    copied.set(bytes);
    return bytes / Sizes.MIB / seconds;
  }

  private static double compact(Session session, Engine engine, Updates updates, Dataset data)
      throws IOException {
    updates.half(done -> {});
    session.touchMemory(2 * data.bytes());
    long started = System.nanoTime();
    engine.compact();
    double seconds = (System.nanoTime() - started) / 1e9;
    updates.verify(VERIFIED_KEYS);
    return data.bytes() / Sizes.MIB / seconds;
  }

  private static void write(Path file, long bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long left = bytes; left > 0; ) {
        buffer.clear().limit((int) Math.min(BUFFER_BYTES, left));
        left -= out.write(buffer);
      }
      out.force(false);
    }
  }

  private static double copy(Session session, Path directory, long bytes) throws IOException {
    session.touchMemory(2 * bytes);
    Path target = directory.resolve("copy");
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    CRC32C checksum = new CRC32C();
    long started = System.nanoTime();
    try (FileChannel in = FileChannel.open(directory.resolve("bytes"), StandardOpenOption.READ);
        FileChannel out =
            FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long left = bytes; left > 0; ) {
        buffer.clear().limit((int) Math.min(BUFFER_BYTES, left));
        int read = in.read(buffer);
        if (read < 0) {
          throw new IllegalStateException("the source is shorter than what is to be copied");
        }
        checksum.update(buffer.flip());
        buffer.rewind();
        while (buffer.hasRemaining()) {
          left -= out.write(buffer);
        }
      }
      out.force(false);
    }
    double seconds = (System.nanoTime() - started) / 1e9;
    Files.delete(target);
    return bytes / Sizes.MIB / seconds;
  }
}
