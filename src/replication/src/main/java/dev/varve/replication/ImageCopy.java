package dev.varve.replication;

import dev.varve.store.ImageFile;
import dev.varve.store.ImageInstaller;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies another member's files into this member's directory, whose store is closed: only what
 * differs, file by file, and what was received stays when the copy breaks off. Each sealed file is
 * compared with the checksum that the source's manifest has of it: damage does not spread. On the
 * scheduler; files are written off it.
 */
final class ImageCopy {
  private static final int CHUNK_BYTES = 1 << 20;

  /** Files that arrived otherwise than they were sent, before the copy is given up. */
  private static final int ANEW_MAX = 3;

  private static final Duration CHECK_TIMEOUT = Duration.ofMinutes(1);

  private final MemberThread thread;
  private final Peers peers;
  private final Header header;
  private final Storage storage;
  private final MemberId self;
  private final String source;
  private final Duration timeout;
  private final CompletableFuture<Void> outcome = new CompletableFuture<>();

  private @Nullable ImageInstaller installer;
  private String image = "";
  private long lastSequence;
  private long bytesTotal;
  private long bytesDone;
  private int receivedAnew;

  ImageCopy(
      MemberThread thread,
      Peers peers,
      Header header,
      Storage storage,
      MemberId self,
      String source,
      Duration timeout) {
    this.thread = thread;
    this.peers = peers;
    this.header = header;
    this.storage = storage;
    this.self = self;
    this.source = source;
    this.timeout = timeout;
  }

  /**
   * Completes on the scheduler when the directory is the image, durably; exceptionally when the
   * copy broke off. Then the directory may hold a part of it, which the next copy goes on from, and
   * can be opened by nothing else.
   */
  CompletableFuture<Void> start() {
    thread.when(
        peers.ask(
            source,
            new Request.OpenImage(header.shard(), header.term(), self),
            Response.Image.class,
            timeout),
        this::opened,
        this::end);
    return outcome;
  }

  String progress() {
    return "copying files from "
        + source
        + (bytesTotal == 0 ? "" : ", %d of %d KiB".formatted(bytesDone >> 10, bytesTotal >> 10));
  }

  private void opened(Response.Image answer) {
    image = answer.image();
    lastSequence = answer.last().sequence();
    bytesTotal = answer.files().stream().mapToLong(ImageFile::length).sum();
    io(
        () -> ImageInstaller.begin(storage, answer.files()),
        begun -> {
          installer = begun;
          compare(new ArrayList<>(answer.files()), new ArrayList<>(answer.files()));
        });
  }

  /** Asks, file by file, whether the bytes that are here already are those of the image. */
  private void compare(List<ImageFile> toCompare, List<ImageFile> files) {
    ImageInstaller receiving = receiving();
    if (toCompare.isEmpty()) {
      receive(files);
      return;
    }
    ImageFile file = toCompare.removeFirst();
    io(
        () -> {
          long length = receiving.localLength(file.path());
          return new Request.FilePrefix(
              file.path(), length, length == 0 ? 0 : receiving.localCrc(file.path()));
        },
        prefix -> {
          Integer written = file.crc();
          boolean whole =
              written != null && prefix.length() == file.length() && written == prefix.crc();
          if (whole) {
            bytesDone += prefix.length(); // and nobody has to read it once more
          }
          if (whole || prefix.length() == 0) {
            compare(toCompare, files);
            return;
          }
          thread.when(
              peers.ask(
                  source,
                  new Request.CheckFiles(header.shard(), header.term(), image, List.of(prefix)),
                  Response.SameFiles.class,
                  CHECK_TIMEOUT),
              same -> {
                if (same.paths().contains(file.path())) {
                  bytesDone += prefix.length();
                  compare(toCompare, files);
                } else {
                  io(
                      () -> {
                        receiving.discard(file.path());
                        return file;
                      },
                      discarded -> compare(toCompare, files));
                }
              },
              this::end);
        });
  }

  private void receive(List<ImageFile> files) {
    ImageInstaller receiving = receiving();
    if (files.isEmpty()) {
      io(
          () -> {
            receiving.finish(lastSequence);
            return image;
          },
          finished -> end(null));
      return;
    }
    ImageFile file = files.getFirst();
    io(
        () -> receiving.localLength(file.path()),
        length -> {
          if (length >= file.length()) {
            verify(files);
            return;
          }
          int wanted = (int) Math.min(CHUNK_BYTES, file.length() - length);
          thread.when(
              peers.ask(
                  source,
                  new Request.GetFile(
                      header.shard(), header.term(), image, file.path(), length, wanted),
                  Response.FileBytes.class,
                  timeout),
              chunk -> {
                ByteBuffer bytes = chunk.bytes().duplicate();
                if (!bytes.hasRemaining() || bytes.remaining() > wanted) {
                  end(
                      new IOException(
                          source + " answered " + bytes.remaining() + " bytes of " + file));
                  return;
                }
                int received = bytes.remaining();
                io(
                    () -> {
                      receiving.write(file.path(), length, bytes);
                      return received;
                    },
                    written -> {
                      bytesDone += written;
                      receive(files);
                    });
              },
              this::end);
        });
  }

  /** Of the first file, which is whole. */
  private void verify(List<ImageFile> files) {
    ImageInstaller receiving = receiving();
    ImageFile file = files.getFirst();
    io(
        () -> receiving.isIntact(file.path()),
        intact -> {
          if (intact) {
            files.removeFirst();
            receive(files);
          } else {
            askWhoseDamage(file, files);
          }
        });
  }

  /**
   * If the source has what its manifest says, the bytes changed on their way, and are asked for
   * again. Else its file is damaged: this makes it see that, and the copy ends.
   */
  private void askWhoseDamage(ImageFile file, List<ImageFile> files) {
    Request.FilePrefix whole =
        new Request.FilePrefix(
            file.path(), file.length(), Objects.requireNonNull(file.crc(), "nothing to compare"));
    thread.when(
        peers.ask(
            source,
            new Request.CheckFiles(header.shard(), header.term(), image, List.of(whole)),
            Response.SameFiles.class,
            CHECK_TIMEOUT),
        same -> {
          if (!same.paths().contains(file.path())) {
            end(new IOException(file.path() + " is damaged on " + source));
          } else if (receivedAnew++ == ANEW_MAX) {
            end(new IOException(file.path() + " of " + source + " does not arrive as it is there"));
          } else {
            io(
                () -> {
                  receiving().discard(file.path());
                  return file;
                },
                discarded -> {
                  bytesDone -= file.length();
                  receive(files);
                });
          }
        },
        this::end);
  }

  private ImageInstaller receiving() {
    ImageInstaller begun = installer;
    if (begun == null) {
      throw new IllegalStateException("not begun");
    }
    return begun;
  }

  private <T> void io(Callable<T> work, Consumer<T> next) {
    thread.blocking(work, next, this::end);
  }

  /** Closes both ends; what was received stays. */
  private void end(@Nullable Throwable failure) {
    CompletableFuture<Response> _ =
        peers.send(source, new Request.CloseImage(header.shard(), header.term(), image), timeout);
    ImageInstaller begun = installer;
    thread.blocking(
        () -> {
          if (begun != null) {
            begun.close();
          }
          return source;
        },
        closed -> complete(failure),
        closing -> complete(failure == null ? closing : failure));
  }

  private void complete(@Nullable Throwable failure) {
    if (failure == null) {
      outcome.complete(null);
    } else {
      outcome.completeExceptionally(failure);
    }
  }
}
