package dev.varve.store;

import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How compactions began and ended, durably and with a bound: the file {@code _events}. It belongs
 * to the member, not to the shard: it is not replicated, and losing it loses no data.
 *
 * <p>The newest events are appended; when the file holds twice the bound, it is written anew with
 * the newest half and renamed into place, and so it is after a write that failed. A torn end is cut
 * off when it is opened. Safe for several threads.
 */
final class EventLog implements Closeable {

  private static final System.Logger LOG = System.getLogger(EventLog.class.getName());

  static final String PATH = "_events";

  private static final String TEMPORARY = PATH + ".tmp";

  private final Storage storage;
  private final int eventsMax;
  private final Deque<CompactionEvent> events = new ArrayDeque<>();

  private StorageFile file;
  private long length;
  private int inFile;
  private long lastId;

  /** Whether the file lacks events that are remembered. */
  private boolean behind;

  private boolean closed;

  private EventLog(Storage storage, int eventsMax, StorageFile file) {
    this.storage = storage;
    this.eventsMax = eventsMax;
    this.file = file;
  }

  /**
   * Opens the log, making an empty one where there is none.
   *
   * @param eventsMax how many events are kept
   */
  static EventLog open(Storage storage, int eventsMax) throws IOException {
    boolean exists = storage.exists(PATH);
    StorageFile file = exists ? storage.open(PATH) : storage.create(PATH);
    EventLog log = new EventLog(storage, eventsMax, file);
    try {
      if (exists) {
        log.load();
      } else {
        storage.syncDirectory("");
      }
      return log;
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private void load() throws IOException {
    ByteBuffer next = read(0);
    while (next != null) {
      CompactionEvent event = CompactionEventCodec.decode(next, 0);
      if (event != null) {
        remember(event);
      }
      inFile++;
      length += next.limit();
      next = read(length);
    }
    file.truncate(length); // an append that a crash tore
  }

  /** The whole event that begins there; null if there is none. */
  private @Nullable ByteBuffer read(long at) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(CompactionEventCodec.HEADER_BYTES);
    if (file.read(header, at) < CompactionEventCodec.HEADER_BYTES) {
      return null;
    }
    int wanted = CompactionEventCodec.announcedLength(header, 0);
    if (wanted < 0 || wanted > file.size() - at) {
      return null;
    }
    ByteBuffer event = ByteBuffer.allocate(wanted);
    file.read(event, at);
    event.flip();
    return CompactionEventCodec.length(event, 0) == wanted ? event : null;
  }

  /**
   * Numbers the event and keeps it: durably on return where the disk takes it. Where it does not,
   * the event stays in memory and is written with the next one that can be: on a full disk
   * compaction is the way out, and must not fail for want of room to tell of it (pitfall 12). After
   * {@link #close} it stays in memory: the file may be another's by then.
   */
  synchronized CompactionEvent append(CompactionEvent event) {
    CompactionEvent numbered = event.withId(lastId + 1);
    remember(numbered);
    if (closed) {
      return numbered;
    }
    try {
      if (behind || inFile >= 2 * eventsMax) {
        rewrite();
      } else {
        write(CompactionEventCodec.encode(numbered));
      }
      behind = false;
    } catch (IOException e) {
      if (!behind) {
        LOG.log(
            System.Logger.Level.WARNING,
            "compaction events can not be written to {0}; the next one tries again: {1}",
            PATH,
            e);
      }
      behind = true;
    }
    return numbered;
  }

  private void write(byte[] event) throws IOException {
    file.write(new ByteBuffer[] {ByteBuffer.wrap(event)}, length);
    file.sync();
    length += event.length;
    inFile++;
  }

  /** The newest events, newest first. */
  synchronized List<CompactionEvent> last(int count) {
    List<CompactionEvent> newest = new ArrayList<>();
    Iterator<CompactionEvent> descending = events.descendingIterator();
    while (descending.hasNext() && newest.size() < count) {
      newest.add(descending.next());
    }
    return newest;
  }

  /** How a run ended for a keyspace, or null if that is not known (any more). */
  synchronized @Nullable CompactionEvent end(String runId, String keyspace) {
    for (CompactionEvent event : events) {
      if (event.type().ends() && event.runId().equals(runId) && event.keyspace().equals(keyspace)) {
        return event;
      }
    }
    return null;
  }

  private void remember(CompactionEvent event) {
    lastId = Math.max(lastId, event.id());
    events.addLast(event);
    while (events.size() > eventsMax) {
      events.removeFirst();
    }
  }

  private void rewrite() throws IOException {
    if (storage.exists(TEMPORARY)) {
      storage.delete(TEMPORARY);
    }
    StorageFile fresh = storage.create(TEMPORARY);
    long written = 0;
    try {
      for (CompactionEvent event : events) {
        byte[] bytes = CompactionEventCodec.encode(event);
        fresh.write(new ByteBuffer[] {ByteBuffer.wrap(bytes)}, written);
        written += bytes.length;
      }
      fresh.sync();
      storage.rename(TEMPORARY, PATH);
      storage.syncDirectory("");
    } catch (IOException e) {
      abandon(fresh, e);
      throw e;
    }
    StorageFile old = file;
    file = fresh;
    length = written;
    inFile = events.size();
    old.close();
  }

  private void abandon(StorageFile fresh, IOException cause) {
    try {
      fresh.close();
      if (storage.exists(TEMPORARY)) {
        storage.delete(TEMPORARY);
      }
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    file.close();
  }
}
