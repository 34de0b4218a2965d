package dev.varve.node.rpc;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * The turns on the reader pool of one call that reads for as long as its client takes what it gets.
 * There is one turn at a time, whoever wakes the call: what only turns touch needs no lock. Between
 * them the call holds no thread.
 */
final class Turns {
  private final ReaderPool readers;
  private final BooleanSupplier turn;

  // Wake-ups not yet served; whoever takes it from 0 owns the call until it is back at 0.
  private final AtomicInteger wakeups = new AtomicInteger();
  private volatile boolean started;

  /**
   * @param turn does a part; true if there is more to do at once, in another turn
   */
  Turns(ReaderPool readers, BooleanSupplier turn) {
    this.readers = readers;
    this.turn = turn;
  }

  /**
   * Has the first turn.
   *
   * @throws RefusedException if too many reads wait already; then there will be none
   */
  void start() throws RefusedException {
    if (wakeups.getAndIncrement() != 0) {
      throw new IllegalStateException("started twice");
    }
    started = true;
    try {
      readers.execute(this::run);
    } catch (RefusedException e) {
      started = false; // and stays owned, so that later wake-ups do nothing
      throw e;
    }
  }

  /** Has another turn; nothing before the start. */
  void wake() {
    if (started && wakeups.getAndIncrement() == 0) {
      readers.resume(this::run);
    }
  }

  private void run() {
    int serving = wakeups.get();
    while (true) {
      if (turn.getAsBoolean()) {
        readers.resume(this::run);
        return;
      }
      serving = wakeups.addAndGet(-serving);
      if (serving == 0) {
        return;
      }
    }
  }
}
