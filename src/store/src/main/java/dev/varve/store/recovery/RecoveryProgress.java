package dev.varve.store.recovery;

/** Told how far a long step is; on the thread that does it. */
@FunctionalInterface
public interface RecoveryProgress {
  /** Bytes of segments read so far, of how many. */
  void read(String file, long bytes, long bytesInAll);
}
