package dev.varve.replication;

import dev.varve.store.LogPosition;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a primary knows of one other member, and what it has under way to it. On the scheduler only.
 */
final class Progress {
  /** How entries are sent. */
  enum Mode {
    /** One at a time, until the point is found from which the logs are the same. */
    PROBING,
    /** Several at a time, each following the one before. */
    STREAMING,
    /** Not at all, until a heartbeat is answered with readiness. */
    PAUSED
  }

  private static final int IN_FLIGHT_MAX = 64;
  private static final long IN_FLIGHT_BYTES_MAX = 8L << 20;

  final String name;
  private final Set<MemberId> former = new HashSet<>();
  private @Nullable MemberId member;
  private Mode mode = Mode.PROBING;
  private LogPosition next;
  private int round;
  private int inFlight;
  private long inFlightBytes;
  private long acknowledged;
  private long acknowledgedSendNanos = Long.MIN_VALUE;
  private long heardNanos = Long.MIN_VALUE;
  private long levelNanos;
  private boolean knowsRequests;

  /**
   * @param next up to where the logs are assumed to be the same, until the first answer
   */
  Progress(String name, LogPosition next, long nowNanos) {
    this.name = name;
    this.next = next;
    this.levelNanos = nowNanos;
  }

  /** The id under which it answered last; null before its first answer. */
  @Nullable MemberId member() {
    return member;
  }

  Mode mode() {
    return mode;
  }

  /** Everything up to here was sent, or is assumed to be there. */
  LogPosition next() {
    return next;
  }

  /** The last sequence that the member made durable and acknowledged in this term. */
  long acknowledged() {
    return acknowledged;
  }

  /** When the latest acknowledged message was sent; {@link Long#MIN_VALUE} before the first. */
  long acknowledgedSendNanos() {
    return acknowledgedSendNanos;
  }

  /** Whether its version, as it answered last, knows the records of requests. */
  boolean knowsRequests() {
    return knowsRequests;
  }

  void knowsRequests(boolean knows) {
    knowsRequests = knows;
  }

  boolean heardSince(long nanos) {
    return heardNanos != Long.MIN_VALUE && heardNanos - nanos >= 0;
  }

  /** For how long it has been behind, nanoseconds. */
  long lagNanos(long lastSequence, long nowNanos) {
    return acknowledged >= lastSequence ? 0 : nowNanos - levelNanos;
  }

  /**
   * Sends are answered under the round they were made in; answers of earlier rounds don't steer any
   * more.
   */
  int round() {
    return round;
  }

  boolean maySend() {
    return switch (mode) {
      case PAUSED -> false;
      case PROBING -> inFlight == 0;
      case STREAMING -> inFlight < IN_FLIGHT_MAX && inFlightBytes < IN_FLIGHT_BYTES_MAX;
    };
  }

  void sent(LogPosition upTo, int bytes) {
    inFlight++;
    inFlightBytes += bytes;
    if (mode == Mode.STREAMING) {
      next = upTo;
    }
  }

  /** An append of the current round was accepted. */
  void accepted(LogPosition upTo, int bytes) {
    inFlight--;
    inFlightBytes -= bytes;
    if (mode == Mode.PROBING) {
      mode = Mode.STREAMING;
      next = upTo;
    }
  }

  /** The member holds durably all that was assumed: there is nothing to probe. */
  void level(LogPosition durable) {
    if (mode == Mode.PROBING && inFlight == 0 && durable.equals(next)) {
      mode = Mode.STREAMING;
    }
  }

  /** Goes on, one at a time, from where the logs are said to be the same. */
  void probe(LogPosition from) {
    newRound(Mode.PROBING);
    next = from;
  }

  void pause() {
    newRound(Mode.PAUSED);
  }

  private void newRound(Mode newMode) {
    round++;
    inFlight = 0;
    inFlightBytes = 0;
    mode = newMode;
  }

  /**
   * Notes an answer. Returns false if it comes from a directory that was replaced since: it must be
   * ignored.
   *
   * @param sentNanos when the answered message was sent
   * @param durable what the member says is durable there and the same as here
   */
  boolean heard(
      MemberId answering, long sentNanos, long durable, long lastSequence, long nowNanos) {
    if (former.contains(answering)) {
      return false;
    }
    if (!answering.equals(member)) {
      if (member != null) {
        former.add(member);
        probe(LogPosition.EMPTY);
        acknowledged = 0;
        acknowledgedSendNanos = Long.MIN_VALUE;
      }
      member = answering;
    }
    heardNanos = nowNanos;
    acknowledgedSendNanos = Math.max(acknowledgedSendNanos, sentNanos);
    acknowledged = Math.max(acknowledged, durable);
    if (acknowledged >= lastSequence) {
      levelNanos = nowNanos;
    }
    return true;
  }
}
