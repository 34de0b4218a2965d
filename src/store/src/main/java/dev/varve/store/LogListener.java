package dev.varve.store;

import java.util.List;

/**
 * What a leader's log tells replication, always on the store's writer: return fast, never block.
 */
public interface LogListener {
  /**
   * A group was written to the local files, not yet synced: send it to the others. Groups arrive in
   * sequence order.
   */
  void appended(List<LogEntry> group);

  /** Everything up to {@code sequence} is durable here. */
  void durable(long sequence);

  /** The log is poisoned: nothing more becomes durable until the store is opened again. */
  void failed(Throwable cause);

  /** The listener of a quorum of one: what is durable here is committed. */
  static LogListener commitWhenDurable(ShardLog log) {
    return new LogListener() {
      @Override
      public void appended(List<LogEntry> group) {}

      @Override
      public void durable(long sequence) {
        log.commit(sequence);
      }

      @Override
      public void failed(Throwable cause) {}
    };
  }
}
