package dev.varve.store.storage;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * Memory outside the heap that one thread uses for a call of {@link LinuxCalls}. A thread keeps its
 * own; virtual threads, of which there may be any number, share as many as are inside a call at
 * once, which are no more than the threads that carry them.
 */
final class CallMemory {
  /** Bytes on the heap go to and from a file in pieces of this size at most. */
  private static final int BYTES_MAX = 1 << 20;

  /** Of reads of records, which no thread should keep more for. */
  private static final int BYTES_MIN = 16 << 10;

  private static final ThreadLocal<CallMemory> OF_THREAD = ThreadLocal.withInitial(CallMemory::new);
  private static final ConcurrentLinkedQueue<CallMemory> SHARED = new ConcurrentLinkedQueue<>();

  private final MemorySegment state = Arena.ofAuto().allocate(LinuxCalls.STATE);
  private @Nullable MemorySegment bytes;

  private CallMemory() {}

  /** To be given back by the same thread. */
  static CallMemory take() {
    if (!Thread.currentThread().isVirtual()) {
      return OF_THREAD.get();
    }
    CallMemory shared = SHARED.poll();
    return shared == null ? new CallMemory() : shared;
  }

  void giveBack() {
    if (Thread.currentThread().isVirtual()) {
      SHARED.add(this);
    }
  }

  /** Where a call leaves its error number. */
  MemorySegment state() {
    return state;
  }

  /**
   * For bytes that are on the heap, where C can't see them: as many as are wanted or somewhat more,
   * but within a bound.
   */
  MemorySegment bytes(long wanted) {
    MemorySegment allocated = bytes;
    long least = Math.clamp(wanted, BYTES_MIN, BYTES_MAX);
    if (allocated == null || allocated.byteSize() < least) {
      // A new arena each time: the smaller one goes when nothing refers to it.
      allocated = Arena.ofAuto().allocate(Long.highestOneBit(2 * least - 1));
      bytes = allocated;
    }
    return allocated;
  }
}
