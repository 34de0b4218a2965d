package dev.varve.node.lease;

import dev.varve.replication.LeaseConflictException;
import dev.varve.replication.LeaseStore;
import dev.varve.replication.LeaseView;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A Lease in a file, for several member processes on one machine without Kubernetes. Each change
 * happens under an exclusive lock of a file beside it, and replaces the whole file by a rename; the
 * version counts the changes.
 */
public final class FileLeaseStore implements LeaseStore {
  private static final long DURATION_MS = 15_000;

  // File locks exclude other processes only; within this one, a lock for each path.
  private static final Map<Path, ReentrantLock> LOCKS = new ConcurrentHashMap<>();

  private final Path path;
  private final List<String> bootstrap;
  private final Executor executor;

  /**
   * @param bootstrap the permission to start an empty shard that the file has when this creates it
   * @param executor where the file is read and written
   */
  public FileLeaseStore(Path path, List<String> bootstrap, Executor executor) {
    this.path = path.toAbsolutePath();
    this.bootstrap = List.copyOf(bootstrap);
    this.executor = executor;
  }

  @Override
  public CompletableFuture<LeaseView> read() {
    return locked(this::current);
  }

  @Override
  public CompletableFuture<LeaseView> compareAndSet(LeaseView expected, LeaseView next) {
    return locked(
        () -> {
          LeaseView current = current();
          if (!current.version().equals(expected.version())) {
            throw new LeaseConflictException(
                path + " is at version " + current.version() + ", not " + expected.version());
          }
          return write(Long.parseLong(current.version()) + 1, next);
        });
  }

  private interface Step {
    LeaseView take() throws IOException, LeaseConflictException;
  }

  private CompletableFuture<LeaseView> locked(Step step) {
    CompletableFuture<LeaseView> future = new CompletableFuture<>();
    executor.execute(
        () -> {
          ReentrantLock lock = LOCKS.computeIfAbsent(path, _ -> new ReentrantLock());
          lock.lock();
          try (FileChannel channel =
                  FileChannel.open(
                      path.resolveSibling(path.getFileName() + ".lock"),
                      StandardOpenOption.CREATE,
                      StandardOpenOption.WRITE);
              FileLock fileLock = channel.lock()) {
            if (!fileLock.isValid()) {
              throw new IOException("the lock of " + path + " was lost");
            }
            future.complete(step.take());
          } catch (IOException | LeaseConflictException | RuntimeException e) {
            future.completeExceptionally(e);
          } finally {
            lock.unlock();
          }
        });
    return future;
  }

  private LeaseView current() throws IOException {
    String text;
    try {
      text = Files.readString(path);
    } catch (NoSuchFileException e) {
      return write(1, new LeaseView("", null, 0, 0, DURATION_MS, bootstrap, Map.of()));
    }
    Properties fields = new Properties();
    fields.load(new StringReader(text));
    @Nullable String holder = fields.getProperty("holder");
    return new LeaseView(
        Long.toString(number(fields, "version")),
        holder,
        number(fields, "term"),
        number(fields, "renewedAtMs"),
        number(fields, "durationMs"),
        LeaseTexts.names(fields.getProperty("bootstrap", "")),
        LeaseTexts.members(fields.getProperty("bootstrapMembers", "")));
  }

  private long number(Properties fields, String name) throws IOException {
    try {
      return Long.parseLong(fields.getProperty(name, ""));
    } catch (NumberFormatException e) {
      throw new IOException(path + " has no number " + name, e);
    }
  }

  private LeaseView write(long version, LeaseView next) throws IOException {
    Properties fields = new Properties();
    fields.setProperty("version", Long.toString(version));
    if (next.holder() != null) {
      fields.setProperty("holder", next.holder());
    }
    fields.setProperty("term", Long.toString(next.term()));
    fields.setProperty("renewedAtMs", Long.toString(next.renewedAtMs()));
    fields.setProperty("durationMs", Long.toString(next.durationMs()));
    fields.setProperty("bootstrap", String.join(",", next.bootstrapRequested()));
    fields.setProperty("bootstrapMembers", LeaseTexts.members(next.bootstrapMembers()));
    StringWriter text = new StringWriter();
    fields.store(text, null);
    Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
    try (FileChannel channel =
        FileChannel.open(
            temporary,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(
        temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    return new LeaseView(
        Long.toString(version),
        next.holder(),
        next.term(),
        next.renewedAtMs(),
        next.durationMs(),
        next.bootstrapRequested(),
        next.bootstrapMembers());
  }
}
