package dev.varve.node.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.varve.protocol.internal.v1.AppendAnswer;
import dev.varve.protocol.internal.v1.FileBytes;
import dev.varve.protocol.internal.v1.ReplicationRequest;
import dev.varve.protocol.internal.v1.ReplicationResponse;
import dev.varve.replication.MemberId;
import dev.varve.replication.Request;
import dev.varve.replication.Response;
import dev.varve.store.Chunk;
import dev.varve.store.ImageFile;
import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import dev.varve.store.manifest.TermStart;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MessagesTest {
  private static final MemberId A = new MemberId("a", "00000000000000000000000000000001");
  private static final MemberId B = new MemberId("b", "00000000000000000000000000000002");
  private static final LogPosition POSITION = new LogPosition(3, 99);
  private static final List<TermStart> TERMS = List.of(new TermStart(1, 1), new TermStart(3, 42));
  private static final List<LogEntry> ENTRIES =
      List.of(
          new LogEntry(
              100,
              3,
              List.of(
                  new Chunk("main/0000000003-000000000001.log", 4096, bytes(1, 2, 3)),
                  new Chunk("_manifest/x.log", 0, bytes()))),
          new LogEntry(101, 3, List.of()));

  private static ByteBuffer bytes(int... values) {
    ByteBuffer buffer = ByteBuffer.allocate(values.length);
    for (int value : values) {
      buffer.put((byte) value);
    }
    return buffer.flip();
  }

  static Stream<Request> requests() {
    return Stream.of(
        new Request.PreVote(1, 7, A, POSITION),
        new Request.Fence(1, 7, A),
        new Request.Append(1, 7, A, POSITION, ENTRIES, 98),
        new Request.Append(1, 7, A, LogPosition.EMPTY, List.of(), 0),
        new Request.InstallImage(1, 7, A),
        new Request.DescribeMember(1, 7),
        new Request.FetchEntries(1, 7, POSITION, TERMS, 1 << 20),
        new Request.OpenImage(1, 7, B),
        new Request.CheckFiles(
            1, 7, "image", List.of(new Request.FilePrefix("main/x.log", 1L << 40, -5))),
        new Request.GetFile(1, 7, "image", "main/x.log", 1L << 40, 1 << 20),
        new Request.CloseImage(1, 7, "image"),
        new Request.AskCommitted(1, 7),
        new Request.PrepareTakeOver(1, 7, A),
        new Request.Release(1, 7, A, B));
  }

  static Stream<Response> responses() {
    return Stream.of(
        new Response.Refused(7, "no"),
        new Response.PreVoteAnswer(7, A, true, POSITION, ""),
        new Response.FenceAnswer(7, A, false, B, POSITION, true, "held"),
        new Response.FenceAnswer(7, A, true, null, POSITION, false, ""),
        new Response.AppendAnswer(
            7, A, Response.AppendOutcome.ACCEPTED, POSITION, 98, List.of(), POSITION, "", true),
        new Response.AppendAnswer(
            7, A, Response.AppendOutcome.MISMATCH, POSITION, 98, TERMS, POSITION, "gap", false),
        new Response.AppendAnswer(
            7, A, Response.AppendOutcome.BUSY, POSITION, 98, List.of(), POSITION, "", false),
        new Response.AppendAnswer(
            7, A, Response.AppendOutcome.REFUSED, POSITION, 98, List.of(), POSITION, "", false),
        new Response.InstallImageAnswer(7, A, true),
        new Response.MemberDescription(7, A, "orders", true, null, LogPosition.EMPTY, 0),
        new Response.MemberDescription(7, A, "orders", false, B, POSITION, 98),
        new Response.Entries(7, 97, true, ENTRIES, POSITION, 98),
        new Response.Image(
            7,
            "image",
            List.of(new ImageFile("main/x.log", 1L << 40, -5), new ImageFile("main/y.log", 7)),
            POSITION),
        new Response.SameFiles(7, List.of("main/x.log")),
        new Response.FileBytes(7, bytes(9, 8, 7)),
        new Response.Done(7),
        new Response.CommittedAnswer(7, 98, 0),
        new Response.CommittedAnswer(7, 98, Long.MAX_VALUE),
        new Response.TakeOverAnswer(7, A, true, ""),
        new Response.TakeOverAnswer(7, A, false, "copies"));
  }

  @ParameterizedTest
  @MethodSource("requests")
  void requestsComeThroughTheWireAsTheyWere(Request request) throws InvalidProtocolBufferException {
    ReplicationRequest message = RequestMessages.message("b", request);
    assertEquals("b", message.getToMember());
    assertEquals(
        request, RequestMessages.request(ReplicationRequest.parseFrom(message.toByteArray())));
  }

  @ParameterizedTest
  @MethodSource("responses")
  void answersComeThroughTheWireAsTheyWere(Response response)
      throws InvalidProtocolBufferException {
    ReplicationResponse message = ResponseMessages.message(response);
    assertEquals(
        response, ResponseMessages.response(ReplicationResponse.parseFrom(message.toByteArray())));
  }

  /** Guard: the checksum of {@code ResponseMessages.fileBytes}. */
  @Test
  void bytesThatChangedOnTheirWayAreNotTaken() {
    ReplicationResponse sent = ResponseMessages.message(new Response.FileBytes(7, bytes(9, 8, 7)));
    FileBytes flipped =
        sent.getFileBytes().toBuilder().setBytes(ByteString.copyFrom(new byte[] {9, 8, 6})).build();
    ReplicationResponse arrived = sent.toBuilder().setFileBytes(flipped).build();
    assertThrows(IllegalArgumentException.class, () -> ResponseMessages.response(arrived));
    ReplicationResponse ofAnEarlierVersion =
        sent.toBuilder().setFileBytes(flipped.toBuilder().clearCrc32C()).build();
    assertEquals(
        new Response.FileBytes(7, bytes(9, 8, 6)), ResponseMessages.response(ofAnEarlierVersion));
  }

  @Test
  void everyKindIsTriedAbove() {
    assertEquals(
        Request.class.getPermittedSubclasses().length,
        requests().map(Object::getClass).distinct().count());
    assertEquals(
        Response.class.getPermittedSubclasses().length,
        responses().map(Object::getClass).distinct().count());
  }

  @Test
  void whatALaterVersionMaySendIsRefusedNotGuessed() {
    assertThrows(
        IllegalArgumentException.class,
        () -> RequestMessages.request(ReplicationRequest.getDefaultInstance()));
    assertThrows(
        IllegalArgumentException.class,
        () -> ResponseMessages.response(ReplicationResponse.getDefaultInstance()));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            ResponseMessages.response(
                ReplicationResponse.newBuilder()
                    .setAppend(AppendAnswer.newBuilder().setOutcomeValue(77))
                    .build()));
  }
}
