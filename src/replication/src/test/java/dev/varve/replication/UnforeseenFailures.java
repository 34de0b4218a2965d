package dev.varve.replication;

import dev.varve.store.CompactionEvent;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Hears what the store logs of compactions that end with {@code InternalError}, which tells their
 * cause with its stack: the event has its message alone.
 */
final class UnforeseenFailures extends Handler implements AutoCloseable {
  private static final String REASON = "InternalError";

  /** The one by whose name the store logs them. */
  private static final Logger LOGGER = Logger.getLogger("dev.varve.store.CompactionReport");

  /** Each simulation has a thread to itself. */
  private final Thread own = Thread.currentThread();

  private @Nullable Throwable latest;

  UnforeseenFailures() {
    LOGGER.addHandler(this);
  }

  /** Whatever happens to a shard, a compaction says why it ended. */
  void rejectIn(CompactionEvent end) {
    if (end.reason().equals(REASON)) {
      throw new AssertionError("nobody foresaw how a compaction ended: " + end, latest);
    }
  }

  @Override
  public void publish(LogRecord entry) {
    if (entry.getLevel().intValue() >= Level.SEVERE.intValue() && Thread.currentThread() == own) {
      latest = entry.getThrown();
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {
    LOGGER.removeHandler(this);
  }
}
