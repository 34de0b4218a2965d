package dev.varve.cli;

import java.util.concurrent.ThreadLocalRandom;

/** The core workloads of the YCSB paper, as shares of operations in percent. */
enum Workload {
  /** Update heavy. */
  A(50, 50, 0, 0, 0, false),
  /** Read mostly. */
  B(95, 5, 0, 0, 0, false),
  /** Read only. */
  C(100, 0, 0, 0, 0, false),
  /** Read latest. */
  D(95, 0, 5, 0, 0, true),
  /** Short ranges. */
  E(0, 0, 5, 95, 0, false),
  /** Read, modify, write. */
  F(50, 0, 0, 0, 50, false);

  /** What a client does to the store. */
  enum Operation {
    /** Gets a value. */
    READ,
    /** Puts a value of a present key. */
    UPDATE,
    /** Puts a value of a new key. */
    INSERT,
    /** Scans a few keys. */
    SCAN,
    /** Gets a value and puts another. */
    READ_MODIFY_WRITE
  }

  private final int read;
  private final int update;
  private final int insert;
  private final int scan;
  private final int readModifyWrite;
  private final boolean latest;

  Workload(int read, int update, int insert, int scan, int readModifyWrite, boolean latest) {
    this.read = read;
    this.update = update;
    this.insert = insert;
    this.scan = scan;
    this.readModifyWrite = readModifyWrite;
    this.latest = latest;
  }

  /** Whether recently inserted items are the popular ones, instead of any. */
  boolean latest() {
    return latest;
  }

  /** An operation, by the workload's shares. */
  Operation next() {
    int roll = ThreadLocalRandom.current().nextInt(100);
    for (Operation operation : Operation.values()) {
      roll -= share(operation);
      if (roll < 0) {
        return operation;
      }
    }
    throw new AssertionError("the shares of " + this + " are less than 100 percent");
  }

  private int share(Operation operation) {
    return switch (operation) {
      case READ -> read;
      case UPDATE -> update;
      case INSERT -> insert;
      case SCAN -> scan;
      case READ_MODIFY_WRITE -> readModifyWrite;
    };
  }
}
