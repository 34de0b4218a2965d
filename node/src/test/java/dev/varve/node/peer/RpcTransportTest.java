package dev.varve.node.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.node.Eventually;
import dev.varve.node.rpc.CallGate;
import dev.varve.node.rpc.RpcServer;
import dev.varve.replication.MemberId;
import dev.varve.replication.Request;
import dev.varve.replication.Response;
import dev.varve.store.Chunk;
import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class RpcTransportTest {
  private static final Request ASK = new Request.DescribeMember(0, 3);

  private static RpcServer serve(int port, Function<Request, CompletableFuture<Response>> answers)
      throws IOException {
    return RpcServer.start(
        "127.0.0.1",
        port,
        new CallGate(),
        List.of(new ReplicationService("b", new FakeMember(answers))));
  }

  private static CompletableFuture<Response> done(Request request) {
    return CompletableFuture.completedFuture(new Response.Done(request.term() + 1));
  }

  private static RpcTransport to(String name, int port) {
    return RpcTransport.toMembers(Map.of(name, "127.0.0.1:" + port), null);
  }

  @Test
  void carriesARequestAndItsAnswer() throws Exception {
    try (RpcServer server = serve(0, RpcTransportTest::done);
        RpcTransport transport = to("b", server.port())) {
      assertEquals(new Response.Done(4), transport.send("b", ASK).get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void carriesTheLargestBatch() throws Exception {
    Request append =
        new Request.Append(
            0,
            3,
            new MemberId("a", "0a"),
            LogPosition.EMPTY,
            List.of(
                new LogEntry(
                    1, 3, List.of(new Chunk("main/x.log", 0, ByteBuffer.allocate(20 << 20))))),
            0);
    try (RpcServer server =
            serve(
                0,
                request ->
                    CompletableFuture.completedFuture(
                        request.equals(append)
                            ? new Response.Done(1)
                            : new Response.Refused(1, "changed")));
        RpcTransport transport = to("b", server.port())) {
      assertEquals(new Response.Done(1), transport.send("b", append).get(30, TimeUnit.SECONDS));
    }
  }

  @Test
  void aProcessThatIsAnotherMemberRefuses() throws Exception {
    try (RpcServer server = serve(0, RpcTransportTest::done);
        RpcTransport transport = to("c", server.port())) {
      Response answer = transport.send("c", ASK).get(10, TimeUnit.SECONDS);
      assertEquals(new Response.Refused(9, "this is b, not c"), answer);
    }
  }

  @Test
  void byAddressAloneAnyMemberAnswers() throws Exception {
    try (RpcServer server = serve(0, RpcTransportTest::done);
        RpcTransport transport =
            RpcTransport.toAddress("primary", "127.0.0.1:" + server.port(), null)) {
      assertEquals(new Response.Done(4), transport.send("primary", ASK).get(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void aMemberWithoutAnAddressFailsAtOnce() {
    try (RpcTransport transport = RpcTransport.toMembers(Map.of(), null)) {
      CompletionException failure =
          assertThrows(CompletionException.class, () -> transport.send("x", ASK).join());
      assertInstanceOf(IOException.class, failure.getCause());
    }
  }

  @Test
  void anAnswerThatFailsThereFailsHere() throws Exception {
    try (RpcServer server =
            serve(0, request -> CompletableFuture.failedFuture(new IOException("broken")));
        RpcTransport transport = to("b", server.port())) {
      assertThrows(CompletionException.class, () -> transport.send("b", ASK).join());
    }
  }

  @Test
  void aMemberThatComesBackIsHeardWithinSeconds() throws Exception {
    RpcServer first = serve(0, RpcTransportTest::done);
    int port = first.port();
    try (RpcTransport transport = to("b", port)) {
      assertEquals(new Response.Done(4), transport.send("b", ASK).get(10, TimeUnit.SECONDS));
      first.close();
      // Long enough for gRPC's own pauses between tries to have grown to several seconds.
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(6);
      Eventually.holds(
          Duration.ofSeconds(20),
          () -> "six seconds of silence",
          () -> {
            assertThrows(CompletionException.class, () -> transport.send("b", ASK).join());
            return System.nanoTime() - until > 0;
          });
      long back = System.nanoTime();
      try (RpcServer second = serve(port, RpcTransportTest::done)) {
        assertEquals(port, second.port());
        Eventually.holds(
            Duration.ofSeconds(5),
            () -> "an answer",
            () -> transport.send("b", ASK).handle((answer, failure) -> failure == null).join());
        assertTrue(System.nanoTime() - back < TimeUnit.SECONDS.toNanos(5));
      }
    }
  }
}
