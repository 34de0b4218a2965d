package dev.varve.store;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.storage.PosixStorage;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;

/**
 * A process that {@link ProcessKillTest} kills: it writes as fast as the disk lets it and compacts
 * all the time. On its output it tells what was acknowledged, a line each: the operation's number,
 * or {@code begin} and {@code end} of a compaction.
 */
final class KilledProcess {
  /** Operations without an answer at a time. */
  static final int IN_FLIGHT_MAX = 32;

  private static final int KEYS = 150;

  private final Store store;
  private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

  private KilledProcess(Store store) {
    this.store = store;
  }

  /**
   * Runs until it is killed.
   *
   * @param args the directory; the number of the first operation; the layout
   */
  public static void main(String[] args) throws IOException {
    Store store = open(Path.of(args[0]), Layout.valueOf(args[2]), StoreRuntime.threads("killed"));
    KilledProcess process = new KilledProcess(store);
    Thread compactions = Thread.ofPlatform().daemon().start(process::compactForever);
    process.write(Long.parseLong(args[1]));
    throw new IllegalStateException("ended before " + compactions);
  }

  static Store open(Path directory, Layout layout, StoreRuntime runtime) throws IOException {
    StoreOptions options =
        StoreOptions.defaults()
            .withKeyspaces(List.of(new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 128L << 10)))
            .withManifestBound(new ManifestBound(8 << 10, 2))
            .withLayout(layout);
    return Store.openStandalone(options, new PosixStorage(directory), runtime);
  }

  /** What an operation does to the contents, the same in both processes. */
  static void apply(long number, Map<String, String> contents) {
    if (deletes(number)) {
      contents.remove("main/" + key(number));
    } else {
      contents.put("main/" + key(number), value(number));
    }
  }

  private static boolean deletes(long number) {
    return new SplittableRandom(number).nextInt(4) == 0;
  }

  private static String key(long number) {
    return "key-" + new SplittableRandom(~number).nextInt(KEYS);
  }

  private static String value(long number) {
    return number + "-" + "v".repeat(new SplittableRandom(number * 31).nextInt(600));
  }

  private void write(long first) throws IOException {
    Semaphore room = new Semaphore(IN_FLIGHT_MAX);
    for (long number = first; ; number++) {
      room.acquireUninterruptibly();
      byte[] key = StoreFixture.bytes(key(number));
      WriteBatch batch =
          deletes(number)
              ? new WriteBatch().delete("main", key)
              : new WriteBatch().put("main", key, StoreFixture.bytes(value(number)));
      String line = Long.toString(number);
      CompletableFuture<Void> _ =
          store
              .write(batch)
              .thenRun(
                  () -> {
                    say(line);
                    room.release();
                  })
              .exceptionally(KilledProcess::die);
    }
  }

  private void compactForever() {
    long rolls = 0;
    try {
      for (long run = System.nanoTime(); ; run++) {
        say("begin");
        CompactionEvent end =
            store.compact(
                new CompactionRequest(
                    "run-" + run, CompactionOptions.defaults("main").forced(), run % 2 == 0, 0),
                event -> {},
                CancelToken.unbounded());
        if (end.type() == CompactionEvent.Type.FAILED) {
          throw new IllegalStateException("a compaction failed: " + end);
        }
        say("end");
        store.checkpoint().join();
        if (store.status().manifestRolls() > rolls) {
          rolls = store.status().manifestRolls();
          say("rolled");
        }
      }
    } catch (IOException | RuntimeException e) {
      die(e);
    }
  }

  /** One call of the system a line, so that lines do not mix. */
  private void say(String line) {
    try {
      out.write((line + '\n').getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @SuppressWarnings("SystemExitOutsideMain") // the parent must see that it ended by itself
  private static Void die(Throwable cause) {
    cause.printStackTrace();
    System.exit(3);
    throw new IllegalStateException(cause);
  }
}
