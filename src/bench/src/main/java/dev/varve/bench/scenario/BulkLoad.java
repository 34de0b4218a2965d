package dev.varve.bench.scenario;

import dev.varve.bench.Comparison;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.load.Dataset;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/** Filling an empty store, beside writing the same bytes to a file. */
final class BulkLoad implements Scenario {
  private static final String FILE = "a file";
  private static final int BUFFER_BYTES = 1 << 20;
  private static final int SYNC_BYTES = 4 << 20;
  private static final long VERIFIED_KEYS = 1000;

  @Override
  public String name() {
    return "bulk-load";
  }

  @Override
  public String title() {
    return "Bulk load";
  }

  @Override
  public String method() {
    return "Into an empty store, keys in no order, all synced at the end; MiB of keys and values a"
        + " second, making them included. \"A file\" is the same bytes appended in writes of 1 MiB"
        + " with a sync every 4 MiB, as large as Varve's groups.";
  }

  @Override
  public void run(Session session) throws IOException {
    for (int valueBytes : session.settings().valueBytes()) {
      Dataset data = Dataset.ofBytes(session.settings().dataBytes(), valueBytes);
      Comparison comparison = new Comparison(name(), Sizes.label(valueBytes), "MiB/s");
      for (Contender contender : session.settings().contenders()) {
        comparison.side(
            contender.label(),
            () -> {
              session.touchMemory(2 * data.bytes());
              return load(session, contender, data);
            });
      }
      comparison.side(
          FILE,
          () -> {
            session.touchMemory(2 * data.bytes());
            return append(session, data);
          });
      comparison.run(session);
      String varve = Contender.VARVE.label();
      session.add(comparison.row(varve, FILE, Target.atLeast(0.8), ""));
      for (Contender peer : session.settings().contenders()) {
        if (peer != Contender.VARVE) {
          session.add(comparison.row(varve, peer.label(), null, ""));
        }
      }
    }
  }

  private static double load(Session session, Contender contender, Dataset data)
      throws IOException {
    Path directory = session.newDirectory(contender.name().toLowerCase(Locale.ROOT));
    try (Engine engine = contender.open(directory)) {
      long started = System.nanoTime();
      engine.load(data, done -> session.tick("loading " + contender.label(), done, data.keys()));
      double seconds = (System.nanoTime() - started) / 1e9;
      Verification.ofLoaded(engine, data, VERIFIED_KEYS);
      return data.bytes() / Sizes.MIB / seconds;
    } finally {
      Session.delete(directory);
    }
  }

  private static double append(Session session, Dataset data) throws IOException {
    Path directory = session.newDirectory("file");
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("bytes"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long started = System.nanoTime();
      ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES + (64 << 10));
      long unsynced = 0;
      for (long i = 0; i < data.keys(); i++) {
        buffer.put(data.key(i)).put(data.value(i, 0));
        if (buffer.position() >= BUFFER_BYTES || i + 1 == data.keys()) {
          unsynced += drain(buffer, file);
          if (unsynced >= SYNC_BYTES) {
            file.force(false);
            unsynced = 0;
          }
        }
      }
      file.force(false);
      return data.bytes() / Sizes.MIB / ((System.nanoTime() - started) / 1e9);
    } finally {
      Session.delete(directory);
    }
  }

  private static long drain(ByteBuffer buffer, FileChannel file) throws IOException {
    long written = 0;
    buffer.flip();
    while (buffer.hasRemaining()) {
      written += file.write(buffer);
    }
    buffer.clear();
    return written;
  }
}
