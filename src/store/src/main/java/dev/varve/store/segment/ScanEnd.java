package dev.varve.store.segment;

/**
 * Where and why a scan stopped.
 *
 * @param reason why
 * @param offset the end of the last whole record: all before it is good
 * @param detail what was found there, for people
 * @param nextValidOffset where the first whole record after the bad bytes begins; -1: there is none
 * @param nextValidSequence that record's sequence; -1: there is none
 */
public record ScanEnd(
    Reason reason, long offset, String detail, long nextValidOffset, long nextValidSequence) {

  /** Why a scan stopped. */
  public enum Reason {
    /** All bytes were whole records. */
    END,
    /** The rest holds no whole record: what a crash leaves of an append. */
    TORN,
    /**
     * Whole records follow the bad bytes. Below the committed sequence that is damage; beyond it a
     * crash can leave it too, when a later sector reached the disk and an earlier one did not.
     */
    DAMAGED
  }
}
