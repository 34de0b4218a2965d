package dev.varve.store;

import dev.varve.store.segment.SegmentReader;
import dev.varve.store.storage.StorageFile;
import java.nio.ByteBuffer;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;

/**
 * A segment's references, taken and given back by readers while its owner retires it: it ends once,
 * when the last one lets go, and nobody gets a reference afterwards (pitfall 7; guard: {@code
 * SegmentReader.tryAcquire}). A reader gives back what it took itself.
 */
@Param(name = "reader", gen = ThreadIdGen.class)
public class CountedSegment {
  private static final int READERS_MAX = 8;

  /** Whether it was this thread that ended the segment. */
  private static final ThreadLocal<Boolean> ENDED_HERE = ThreadLocal.withInitial(() -> false);

  private final SegmentReader segment = new SegmentReader(new NoFile(), "main.log");
  private final int[] held = new int[READERS_MAX];
  private volatile boolean closed;

  /** The same for one thread alone: what every order of operations must look like. */
  public static class Count {
    private final int[] held = new int[READERS_MAX];
    private int references = 1;

    public boolean acquire(int reader) {
      if (references == 0) {
        return false;
      }
      references++;
      held[reader]++;
      return true;
    }

    public String use(int reader) {
      return held[reader] == 0 ? "not held" : "open";
    }

    public String release(int reader) {
      if (held[reader] == 0) {
        return "not held";
      }
      held[reader]--;
      return --references == 0 ? "ended" : "released";
    }

    public String retire() {
      return --references == 0 ? "ended" : "released";
    }
  }

  @Operation
  public boolean acquire(@Param(name = "reader") int reader) {
    boolean acquired = segment.tryAcquire();
    held[reader] += acquired ? 1 : 0;
    return acquired;
  }

  @Operation
  public String use(@Param(name = "reader") int reader) {
    if (held[reader] == 0) {
      return "not held";
    }
    return closed ? "closed" : "open";
  }

  @Operation
  public String release(@Param(name = "reader") int reader) {
    if (held[reader] == 0) {
      return "not held";
    }
    held[reader]--;
    ENDED_HERE.set(false);
    segment.release();
    return ENDED_HERE.get() ? "ended" : "released";
  }

  @Operation(runOnce = true)
  public String retire() {
    ENDED_HERE.set(false);
    segment.retire(
        () -> {
          closed = true;
          ENDED_HERE.set(true);
        });
    return ENDED_HERE.get() ? "ended" : "released";
  }

  private static final class NoFile implements StorageFile {
    @Override
    public long size() {
      return 0;
    }

    @Override
    public int read(ByteBuffer target, long offset) {
      return -1;
    }

    @Override
    public void write(ByteBuffer[] sources, long offset) {}

    @Override
    public void truncate(long size) {}

    @Override
    public void sync() {}

    @Override
    public void close() {}
  }
}
