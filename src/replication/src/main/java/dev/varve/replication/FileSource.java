package dev.varve.replication;

import dev.varve.store.ImageFile;
import dev.varve.store.ShardLog;
import dev.varve.store.Store;
import dev.varve.store.StoreImage;
import dev.varve.store.manifest.TermStart;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Gives other members what they lack: entries, and files, pinned for as long as they ask for them.
 * Any member may be asked, whatever its role. On the scheduler; files are read off it.
 */
final class FileSource {
  private static final int IMAGES_MAX = 8;
  private static final int FILE_BYTES_MAX = 1 << 20;
  private static final Duration IMAGE_IDLE_MAX = Duration.ofMinutes(1);

  private final MemberThread thread;
  private final Supplier<@Nullable Store> store;
  private final LongSupplier term;
  private final RandomGenerator random;
  private final Map<String, Pinned> images = new LinkedHashMap<>();

  private static final class Pinned {
    final StoreImage image;
    final ShardLog log;
    final Map<String, ImageFile> files;
    long usedNanos;

    Pinned(StoreImage image, ShardLog log, long nowNanos) {
      this.image = image;
      this.log = log;
      this.files = image.files().stream().collect(Collectors.toMap(ImageFile::path, file -> file));
      this.usedNanos = nowNanos;
    }
  }

  FileSource(
      MemberThread thread,
      Supplier<@Nullable Store> store,
      LongSupplier term,
      RandomGenerator random) {
    this.thread = thread;
    this.store = store;
    this.term = term;
    this.random = random;
  }

  /** The durable entries after the last point that both logs share. */
  Response entries(Request.FetchEntries request) {
    Store current = store.get();
    if (current == null) {
      return refused("no store is open");
    }
    ShardLog log = current.log();
    TermStarts mine = TermStarts.of(log.state());
    List<TermStart> starts = request.termStarts();
    long common = mine.divergesFrom(new TermStarts(starts, request.after()));
    var entries = log.read(common, Math.min(Math.max(request.maxBytes(), 1), FILE_BYTES_MAX));
    return new Response.Entries(
        term.getAsLong(),
        common,
        entries == null,
        entries == null
            ? List.of()
            : entries.stream().filter(e -> e.sequence() <= mine.last().sequence()).toList(),
        mine.last(),
        log.state().committed());
  }

  CompletableFuture<Response> openImage() {
    Store current = store.get();
    closeIdle();
    if (current == null || images.size() >= IMAGES_MAX) {
      return CompletableFuture.completedFuture(
          refused(current == null ? "no store is open" : "too many images are open"));
    }
    String name = "%016x".formatted(random.nextLong());
    return offScheduler(
        () -> {
          StoreImage image = current.log().image();
          thread.run(() -> images.put(name, new Pinned(image, current.log(), thread.nowNanos())));
          return new Response.Image(term.getAsLong(), name, image.files(), image.state().last());
        });
  }

  /**
   * Who asks about a whole file asks because it has received it otherwise than the manifest says:
   * if it is so here too, this member's file is damaged, and goes to nobody any more.
   */
  CompletableFuture<Response> sameFiles(Request.CheckFiles request) {
    ShardLog log = logOf(request.image());
    Map<String, ImageFile> named = filesOf(request.image());
    if (log == null) {
      return CompletableFuture.completedFuture(refused("no such image"));
    }
    return offScheduler(
        () -> {
          List<String> same = new ArrayList<>();
          for (Request.FilePrefix prefix : request.prefixes()) {
            int crc = log.crc(prefix.path(), prefix.length());
            if (crc == prefix.crc()) {
              same.add(prefix.path());
            }
            ImageFile file = named.get(prefix.path());
            Integer written = file == null ? null : file.crc();
            if (file != null
                && written != null
                && file.length() == prefix.length()
                && written != crc) {
              log.noteDamage(file.path(), "it has another checksum than the manifest says");
            }
          }
          return new Response.SameFiles(term.getAsLong(), same);
        });
  }

  CompletableFuture<Response> file(Request.GetFile request) {
    ShardLog log = logOf(request.image());
    if (log == null) {
      return CompletableFuture.completedFuture(refused("no such image"));
    }
    ImageFile named = filesOf(request.image()).get(request.path());
    int bytesMax = Math.min(Math.max(request.maxBytes(), 1), FILE_BYTES_MAX);
    return offScheduler(
        () -> {
          ByteBuffer bytes = ByteBuffer.allocate(bytesMax);
          int read = log.read(request.path(), request.offset(), bytes);
          if (read == 0 && named != null && request.offset() < named.length()) {
            log.noteDamage(named.path(), "it ends before byte " + named.length());
          }
          return new Response.FileBytes(term.getAsLong(), bytes.flip());
        });
  }

  Response closeImage(Request.CloseImage request) {
    Pinned pinned = images.remove(request.image());
    if (pinned != null) {
      pinned.image.close();
    }
    return new Response.Done(term.getAsLong());
  }

  /** Unpins what nobody has asked for lately. */
  void closeIdle() {
    long now = thread.nowNanos();
    images
        .values()
        .removeIf(
            pinned -> {
              boolean idle = now - pinned.usedNanos > IMAGE_IDLE_MAX.toNanos();
              if (idle) {
                pinned.image.close();
              }
              return idle;
            });
  }

  /** Before the store is closed. */
  void closeAll() {
    images.values().forEach(pinned -> pinned.image.close());
    images.clear();
  }

  private @Nullable ShardLog logOf(String image) {
    if (image.isEmpty()) {
      Store current = store.get();
      return current == null ? null : current.log();
    }
    Pinned pinned = images.get(image);
    if (pinned == null) {
      return null;
    }
    pinned.usedNanos = thread.nowNanos();
    return pinned.log;
  }

  private Map<String, ImageFile> filesOf(String image) {
    Pinned pinned = images.get(image);
    return pinned == null ? Map.of() : pinned.files;
  }

  private Response refused(String reason) {
    return new Response.Refused(term.getAsLong(), reason);
  }

  @FunctionalInterface
  private interface Work {
    Response run() throws IOException;
  }

  private CompletableFuture<Response> offScheduler(Work work) {
    CompletableFuture<Response> answer = new CompletableFuture<>();
    thread.blocking(
        work::run, answer::complete, failure -> answer.complete(refused(failure.toString())));
    return answer;
  }
}
