package dev.varve.store;

import dev.varve.store.compaction.Strategy;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/** What simulations have gone through, over all their threads. */
final class SimulationCounts {
  private final AtomicLong crashPoints = new AtomicLong();
  private final AtomicLong harmlessFlips = new AtomicLong();
  private final AtomicLong reportedFlips = new AtomicLong();
  private final AtomicLong faults = new AtomicLong();
  private final AtomicLong scans = new AtomicLong();
  private final AtomicLong writesWithinCompactions = new AtomicLong();
  private final AtomicLong swaps = new AtomicLong();
  private final AtomicLong refusals = new AtomicLong();
  private final AtomicLong manifestRolls = new AtomicLong();
  private final AtomicLong crashesInManifestRolls = new AtomicLong();
  private final Map<Strategy, AtomicLong> compactions = new EnumMap<>(Strategy.class);

  SimulationCounts() {
    for (Strategy strategy : Strategy.values()) {
      compactions.put(strategy, new AtomicLong());
    }
  }

  void crashPoint() {
    crashPoints.incrementAndGet();
  }

  long crashPoints() {
    return crashPoints.get();
  }

  void harmlessFlip() {
    harmlessFlips.incrementAndGet();
  }

  void reportedFlip() {
    reportedFlips.incrementAndGet();
  }

  void fault() {
    faults.incrementAndGet();
  }

  void scan() {
    scans.incrementAndGet();
  }

  void writeWithinCompaction() {
    writesWithinCompactions.incrementAndGet();
  }

  void swap() {
    swaps.incrementAndGet();
  }

  /** A write was refused since there were as many segments as there may be. */
  void refused() {
    refusals.incrementAndGet();
  }

  void manifestRolls(long rolls) {
    manifestRolls.addAndGet(rolls);
  }

  /** A crash point between two steps of a roll of the manifest. */
  void crashInManifestRoll() {
    crashesInManifestRolls.incrementAndGet();
  }

  void compaction(Strategy strategy) {
    AtomicLong count = compactions.get(strategy);
    if (count != null) {
      count.incrementAndGet();
    }
  }

  /** Throws unless everything that can happen has happened. */
  void requireAll() {
    boolean all =
        harmlessFlips.get() > 0
            && reportedFlips.get() > 0
            && faults.get() > 0
            && scans.get() > 0
            && swaps.get() > 0
            && refusals.get() > 0
            && manifestRolls.get() > 0
            && crashesInManifestRolls.get() > 0
            && writesWithinCompactions.get() > 0;
    for (Strategy strategy : Strategy.values()) {
      AtomicLong count = compactions.get(strategy);
      all &= strategy == Strategy.NONE || (count != null && count.get() > 0);
    }
    if (!all) {
      throw new AssertionError("the simulation does not reach everything it is for: " + this);
    }
  }

  @Override
  public String toString() {
    return String.format(
        "%d crash points, %d failed calls, compactions %s (%d of single files), %d writes within"
            + " them, %d writes refused for their segments, %d rolls of manifests with %d crash"
            + " points in them, %d scans held open, flipped bits: %d reported, %d of no matter",
        crashPoints.get(),
        faults.get(),
        compactions,
        swaps.get(),
        writesWithinCompactions.get(),
        refusals.get(),
        manifestRolls.get(),
        crashesInManifestRolls.get(),
        scans.get(),
        reportedFlips.get(),
        harmlessFlips.get());
  }
}
