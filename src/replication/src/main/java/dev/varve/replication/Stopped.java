package dev.varve.replication;

import java.util.concurrent.CompletableFuture;

/**
 * Something failed that leaves unknown what is on disk or in memory. The member answers nothing and
 * keeps no promises by being silent; the process must be started again, and recovery says what is
 * there.
 */
record Stopped(long term, String reason) implements Role {

  @Override
  public MemberRole kind() {
    return MemberRole.REPLICA;
  }

  @Override
  public String detail() {
    return "stopped: " + reason;
  }

  @Override
  public void enter() {}

  @Override
  public void leave() {}

  @Override
  public CompletableFuture<Response> append(Request.Append append) {
    return CompletableFuture.completedFuture(new Response.Refused(term, detail()));
  }
}
