package dev.varve.replication;

import java.util.concurrent.CompletableFuture;

/** The directory is being opened. Nothing is answered, as nothing is known of what was promised. */
record Starting() implements Role {

  @Override
  public MemberRole kind() {
    return MemberRole.REPLICA;
  }

  @Override
  public String detail() {
    return "opening the store";
  }

  @Override
  public void enter() {}

  @Override
  public void leave() {}

  @Override
  public CompletableFuture<Response> append(Request.Append append) {
    return CompletableFuture.completedFuture(new Response.Refused(0, detail()));
  }
}
