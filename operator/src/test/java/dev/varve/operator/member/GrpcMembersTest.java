package dev.varve.operator.member;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.StatusRequest;
import dev.varve.protocol.v1.StatusResponse;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class GrpcMembersTest {

  @Test
  void asksAMemberAndCollectsTheEventsOfOneRun() throws IOException {
    Server server = ServerBuilder.forPort(0).addService(new Answering()).build().start();
    try (var members = new GrpcMembers(Duration.ofSeconds(10))) {
      String address = "localhost:" + server.getPort();
      assertEquals(
          new Reply.Answer<>(StatusResponse.newBuilder().setMember("orders-0-1").build()),
          members.status(address));
      Reply.Answer<?> events = assertInstanceOf(Reply.Answer.class, members.run(address, "run"));
      assertEquals(
          List.of(
              CompactionEvent.newBuilder().setRunId("run").setId(1).build(),
              CompactionEvent.newBuilder().setRunId("run").setId(2).build()),
          events.value());
    } finally {
      server.shutdownNow();
    }
  }

  @Test
  void aMemberThatDoesNotAnswerIsSilentWithinTheDeadline() throws IOException {
    Server server = ServerBuilder.forPort(0).addService(new Mute()).build().start();
    try (var members = new GrpcMembers(Duration.ofMillis(300))) {
      var reply = members.status("localhost:" + server.getPort());
      Reply.Silence<?> silence = assertInstanceOf(Reply.Silence.class, reply);
      assertTrue(silence.message().contains("DEADLINE_EXCEEDED"), silence.message());
    } finally {
      server.shutdownNow();
    }
  }

  @Test
  void aMemberThatIsGoneIsSilent() throws IOException {
    int free;
    try (var socket = new ServerSocket(0)) {
      free = socket.getLocalPort();
    }
    try (var members = new GrpcMembers(Duration.ofSeconds(5))) {
      assertInstanceOf(Reply.Silence.class, members.status("localhost:" + free));
    }
  }

  private static final class Answering extends AdminGrpc.AdminImplBase {
    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> to) {
      to.onNext(StatusResponse.newBuilder().setMember("orders-0-1").build());
      to.onCompleted();
    }

    @Override
    public void events(EventsRequest request, StreamObserver<CompactionEvent> to) {
      for (int id = 1; id <= 2; id++) {
        to.onNext(CompactionEvent.newBuilder().setRunId(request.getRunId()).setId(id).build());
      }
      to.onCompleted();
    }
  }

  /** Takes calls and never answers. */
  private static final class Mute extends AdminGrpc.AdminImplBase {
    @Override
    public void status(StatusRequest request, StreamObserver<StatusResponse> to) {}
  }
}
