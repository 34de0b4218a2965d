package dev.varve.replication;

import java.util.function.LongSupplier;

/** What every request of a member says of its sender. */
record Header(int shard, LongSupplier currentTerm) {

  long term() {
    return currentTerm.getAsLong();
  }
}
