package dev.varve.node.rpc;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Bounds what all Watch calls of a node take together: how many there are, and the bytes of large
 * messages that they gave to the transport and clients have not taken yet. A watch whose large
 * message has no room lets go of it and reads it again when there is some. Safe for several
 * threads.
 */
final class Watches {
  /** As many as wait for anything hold a few KiB each. */
  static final int CALLS_MAX = 500;

  /** Of the heap: one part of so many may lie with the transport. */
  private static final int HEAP_PART = 16;

  private final int callsMax;
  private final long bytesMax;
  private final Set<Runnable> waiting = new LinkedHashSet<>();
  private int calls;
  private long bytes;

  Watches() {
    this(CALLS_MAX, Runtime.getRuntime().maxMemory() / HEAP_PART);
  }

  Watches(int callsMax, long bytesMax) {
    this.callsMax = callsMax;
    this.bytesMax = bytesMax;
  }

  /**
   * Lets a watch in; {@link #left} when it has ended.
   *
   * @throws RefusedException if there are as many as there may be
   */
  synchronized void enter() throws RefusedException {
    if (calls == callsMax) {
      throw new RefusedException(
          Reason.OVERLOADED, callsMax + " watches are under way; try again later", Map.of());
    }
    calls++;
  }

  synchronized void left() {
    calls--;
  }

  synchronized int calls() {
    return calls;
  }

  /**
   * Takes room for a message that is given to the transport; {@link #gave} when it is sent. One
   * that is larger than all the room gets it alone.
   *
   * @param wake if there is none now: called once when there may be
   */
  synchronized boolean take(long messageBytes, Runnable wake) {
    if (bytes != 0 && bytes + messageBytes > bytesMax) {
      waiting.add(wake);
      return false;
    }
    bytes += messageBytes;
    return true;
  }

  /** The transport has sent it, or dropped it. */
  void gave(long messageBytes) {
    List<Runnable> woken;
    synchronized (this) {
      bytes -= messageBytes;
      woken = List.copyOf(waiting);
      waiting.clear();
    }
    woken.forEach(Runnable::run);
  }

  /** A watch that ended waits no more. */
  synchronized void forget(Runnable wake) {
    waiting.remove(wake);
  }
}
