package dev.varve.client;

import java.util.function.LongSupplier;

/**
 * What must stay known of a write while it may be sent again: after which committed sequence it was
 * sent for the first time, and whether it may have been applied since. For several threads.
 */
final class SentRequest {
  private static final long NOT_SENT = -1;

  private long afterSequence = NOT_SENT;
  private boolean doubtful;

  /** Not sent yet. */
  SentRequest() {}

  /**
   * Sent before, perhaps.
   *
   * @param afterSequence what it said then; 0: nothing
   */
  SentRequest(long afterSequence) {
    this.afterSequence = afterSequence;
    this.doubtful = true;
  }

  /**
   * The sequence after which it was sent first.
   *
   * @param committed asked at the first sending: a committed sequence
   */
  synchronized long afterSequence(LongSupplier committed) {
    if (afterSequence == NOT_SENT) {
      afterSequence = committed.getAsLong();
    }
    return afterSequence;
  }

  /** It may have been applied, or may yet be. */
  synchronized void doubt() {
    doubtful = true;
  }

  /**
   * It was refused as perhaps forgotten up to a sequence: if it never can have been applied, it may
   * be sent as one that is new after it.
   *
   * @return false if it can have been applied, or it was sent so already
   */
  synchronized boolean renew(long forgottenUpTo) {
    if (doubtful || forgottenUpTo <= afterSequence) {
      return false;
    }
    afterSequence = forgottenUpTo;
    return true;
  }
}
