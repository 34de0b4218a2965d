package dev.varve.client;

import io.grpc.ClientStreamTracer;
import io.grpc.Metadata;

/**
 * Tells whether a request ever left for a member. A write that failed without having left was not
 * applied; the status alone does not say that, as a refused and a broken connection both read
 * UNAVAILABLE.
 */
final class SentTracer extends ClientStreamTracer.Factory {
  private volatile boolean sent;

  @Override
  public ClientStreamTracer newClientStreamTracer(
      ClientStreamTracer.StreamInfo info, Metadata headers) {
    return new ClientStreamTracer() {
      @Override
      public void outboundHeaders() {
        sent = true;
      }
    };
  }

  boolean sent() {
    return sent;
  }
}
