package dev.varve.bench;

import dev.varve.bench.engine.Contender;
import dev.varve.bench.engine.Engine;
import dev.varve.bench.load.Dataset;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One run: its settings, its results so far, and the directories it made. */
public final class Session {
  private static final long BETWEEN_LINES_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Settings settings;
  private final PrintStream progress;
  private final List<Row> rows = new ArrayList<>();
  private long nextLineNanos = System.nanoTime() + BETWEEN_LINES_NANOS;

  /**
   * Begins a run.
   *
   * @param progress gets a line at least every two seconds while something takes long
   */
  public Session(Settings settings, PrintStream progress) {
    this.settings = settings;
    this.progress = progress;
  }

  /** How much to measure. */
  public Settings settings() {
    return settings;
  }

  /** Results so far. */
  public List<Row> rows() {
    return List.copyOf(rows);
  }

  /** Keeps a result and says it. */
  public void add(Row row) {
    rows.add(row);
    say(
        String.format(
            Locale.ROOT,
            "  = %s, %s: Varve %s, %s %s %s, ratio %s%s %s",
            row.scenario(),
            row.variant(),
            Figures.number(row.varve()),
            row.beside(),
            Figures.number(row.other()),
            row.unit(),
            Figures.number(row.ratio()),
            row.missed() ? " (missed " + row.target() + ")" : "",
            row.note()));
  }

  /** Says what is being done. */
  public void say(String line) {
    progress.println(line);
    progress.flush();
    nextLineNanos = System.nanoTime() + BETWEEN_LINES_NANOS;
  }

  /** Says how far a step is, unless something was said less than two seconds ago. */
  public void tick(String what, long done, long all) {
    if (System.nanoTime() - nextLineNanos >= 0) {
      say(String.format(Locale.ROOT, "  %s: %,d of %,d", what, done, all));
    }
  }

  /** A directory for one store, empty. */
  public Path newDirectory(String name) throws IOException {
    Files.createDirectories(settings.directory());
    return Files.createTempDirectory(settings.directory(), name + "-");
  }

  /**
   * Writes a file and deletes it, so that the page cache finds its memory used before. On a virtual
   * machine whose host takes free memory back (free page reporting), writing a page for the first
   * time costs ten times as much as copying it, and would fall on whoever comes first.
   */
  public void touchMemory(long bytes) throws IOException {
    Path directory = newDirectory("touched");
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("bytes"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long left = bytes; left > 0; left -= file.write(buffer)) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), left));
      }
    } finally {
      delete(directory);
    }
  }

  /** Opens, loads, compacts if asked to, closes and opens again every contender. */
  public Stores stores(Dataset data, boolean compacted) throws IOException {
    Stores stores = new Stores();
    try {
      for (Contender contender : settings.contenders()) {
        stores.open(contender, data, compacted);
      }
      return stores;
    } catch (IOException | RuntimeException e) {
      try {
        stores.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /** Deletes a store's directory. */
  public static void delete(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(
              Path visited, @org.jspecify.annotations.Nullable IOException e) throws IOException {
            if (e != null) {
              throw e;
            }
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Open stores with their directories, which go when this is closed. */
  public final class Stores implements AutoCloseable {
    private final Map<Contender, Engine> engines = new EnumMap<>(Contender.class);
    private final Map<Contender, Path> directories = new EnumMap<>(Contender.class);

    private void open(Contender contender, Dataset data, boolean compacted) throws IOException {
      Path directory = newDirectory(contender.name().toLowerCase(Locale.ROOT));
      directories.put(contender, directory);
      Engine engine = contender.open(directory);
      engines.put(contender, engine);
      engine.load(data, done -> tick("loading " + contender.label(), done, data.keys()));
      if (compacted) {
        engine.compact();
      }
      // Opened anew, so that what a store still has in the heap from loading serves no reads.
      reopen(contender);
    }

    /** The open stores, Varve first. */
    public Map<Contender, Engine> engines() {
      return engines;
    }

    /** Closes a store and opens it again. */
    public Engine reopen(Contender contender) throws IOException {
      Engine open = engines.remove(contender);
      if (open != null) {
        open.close();
      }
      Path directory = directories.get(contender);
      if (directory == null) {
        throw new IllegalStateException(contender + " takes no part");
      }
      Engine again = contender.open(directory);
      engines.put(contender, again);
      return again;
    }

    @Override
    public void close() throws IOException {
      for (Engine engine : engines.values()) {
        engine.close();
      }
      for (Path directory : directories.values()) {
        delete(directory);
      }
    }
  }
}
