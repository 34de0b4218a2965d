package dev.varve.store;

/** Told what a compaction does, on the thread that runs it. */
@FunctionalInterface
public interface CompactionListener {
  /** Called with the start, progress now and then, and the end. Must return soon. */
  void on(CompactionEvent event);
}
