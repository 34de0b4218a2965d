package dev.varve.client;

/**
 * What a call may leave behind when its answer is missing; decides which failures may be repeated.
 */
enum CallKind {
  /** Changes nothing: any failure to answer may be repeated. */
  READ,
  /** Changes data, or who leads: once sent and unanswered, its outcome is unknown. */
  WRITE,
  /** Works on the primary without changing data; may be repeated only while it was never sent. */
  OPERATION
}
