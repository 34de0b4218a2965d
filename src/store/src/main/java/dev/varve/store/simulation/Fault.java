package dev.varve.store.simulation;

/** What can go wrong with one operation of a {@link SimulatedStorage}. */
public enum Fault {
  /** An {@link java.io.IOException}; nothing of the operation has happened. */
  IO_ERROR,
  /**
   * A {@link dev.varve.store.storage.DiskFullException}; of a write, the first half of the bytes
   * has reached the file.
   */
  DISK_FULL,
  /**
   * A sync throws and what was to be synced is dropped: reads still see it, in this process and in
   * the next, but no later sync makes it durable, as it is on Linux; only writing it again does.
   * Any other operation just fails.
   */
  FAILED_SYNC,
  /**
   * The power goes: this and all later operations throw and do nothing. What is left is known after
   * {@link SimulatedStorage#crash}.
   */
  POWER_OFF
}
