package dev.varve.replication;

import java.util.concurrent.CompletableFuture;

/**
 * What a member is at the moment. One role at a time; on the scheduler only. A role that was left
 * ignores what comes back to it later.
 */
sealed interface Role permits Starting, Follower, Candidate, Primary, Stopped {

  MemberRole kind();

  /** One line for people. */
  String detail();

  /** Begins. May at once become another role. */
  void enter();

  /** Ends; the next role is entered right after. */
  void leave();

  /**
   * Answers entries or a heartbeat of the primary that this member follows: its term is persisted
   * already, and is not lower than any other.
   */
  CompletableFuture<Response> append(Request.Append append);
}
