package dev.varve.node.peer;

import dev.varve.protocol.internal.v1.ReplicationGrpc;
import dev.varve.protocol.internal.v1.ReplicationRequest;
import dev.varve.protocol.internal.v1.ReplicationResponse;
import dev.varve.replication.Member;
import dev.varve.replication.Request;
import dev.varve.replication.Response;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;

/** Hands what other members send to the member of this process. Never blocks. */
public final class ReplicationService extends ReplicationGrpc.ReplicationImplBase {
  private final String name;
  private final Member member;

  /**
   * @param name this member's; messages that mean another are refused, those that name nobody are
   *     not
   */
  public ReplicationService(String name, Member member) {
    this.name = name;
    this.member = member;
  }

  @Override
  public void send(ReplicationRequest message, StreamObserver<ReplicationResponse> answers) {
    if (!message.getToMember().isEmpty() && !message.getToMember().equals(name)) {
      // An address that now leads to another process, such as a pod's that was replaced.
      answer(
          answers,
          new Response.Refused(
              member.status().term(), "this is " + name + ", not " + message.getToMember()));
      return;
    }
    Request request;
    try {
      request = RequestMessages.request(message);
    } catch (IllegalArgumentException e) {
      answer(answers, new Response.Refused(member.status().term(), String.valueOf(e.getMessage())));
      return;
    }
    var _ =
        member
            .handle(request)
            .whenComplete(
                (response, failure) -> {
                  if (failure == null) {
                    answer(answers, response);
                  } else {
                    answers.onError(
                        Status.INTERNAL
                            .withDescription(String.valueOf(failure.getMessage()))
                            .asRuntimeException());
                  }
                });
  }

  private static void answer(StreamObserver<ReplicationResponse> answers, Response response) {
    answers.onNext(ResponseMessages.message(response));
    answers.onCompleted();
  }
}
