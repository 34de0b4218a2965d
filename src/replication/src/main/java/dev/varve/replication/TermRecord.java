package dev.varve.replication;

import org.jspecify.annotations.Nullable;

/**
 * What a member persists of terms before it answers anything that depends on it: the highest it
 * follows, and whom in it.
 *
 * @param term 0 before the first
 * @param holder the only member that may act in {@code term} as far as this member is concerned;
 *     null before the first
 */
record TermRecord(long term, @Nullable MemberId holder) {

  static final TermRecord NONE = new TermRecord(0, null);

  /**
   * Whether {@code member} may act in {@code otherTerm}: no lower term, and no second holder of the
   * same one.
   */
  boolean admits(long otherTerm, MemberId member) {
    return otherTerm > term || isOf(otherTerm, member);
  }

  /** Whether it is exactly this: {@code member} is followed in {@code otherTerm}, nobody later. */
  boolean isOf(long otherTerm, MemberId member) {
    return otherTerm == term && term > 0 && member.equals(holder);
  }
}
