package dev.varve.node.peer;

import static dev.varve.node.peer.WireForms.buffer;
import static dev.varve.node.peer.WireForms.bytes;
import static dev.varve.node.peer.WireForms.entries;
import static dev.varve.node.peer.WireForms.logEntries;
import static dev.varve.node.peer.WireForms.member;
import static dev.varve.node.peer.WireForms.position;
import static dev.varve.node.peer.WireForms.starts;
import static dev.varve.node.peer.WireForms.termStarts;

import dev.varve.protocol.internal.v1.AppendAnswer;
import dev.varve.protocol.internal.v1.CommittedAnswer;
import dev.varve.protocol.internal.v1.Done;
import dev.varve.protocol.internal.v1.Entries;
import dev.varve.protocol.internal.v1.FenceAnswer;
import dev.varve.protocol.internal.v1.FileBytes;
import dev.varve.protocol.internal.v1.Image;
import dev.varve.protocol.internal.v1.ImageFile;
import dev.varve.protocol.internal.v1.InstallImageAnswer;
import dev.varve.protocol.internal.v1.MemberDescription;
import dev.varve.protocol.internal.v1.PreVoteAnswer;
import dev.varve.protocol.internal.v1.Refused;
import dev.varve.protocol.internal.v1.ReplicationResponse;
import dev.varve.protocol.internal.v1.SameFiles;
import dev.varve.protocol.internal.v1.TakeOverAnswer;
import dev.varve.replication.MemberId;
import dev.varve.replication.Response;
import dev.varve.replication.Response.AppendOutcome;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Answers between members, to their wire form and back. */
public final class ResponseMessages {
  private ResponseMessages() {}

  /** The wire form of an answer. */
  public static ReplicationResponse message(Response response) {
    ReplicationResponse.Builder message = ReplicationResponse.newBuilder().setTerm(response.term());
    switch (response) {
      case Response.Refused r -> message.setRefused(Refused.newBuilder().setReason(r.reason()));
      case Response.PreVoteAnswer r ->
          message.setPreVote(
              PreVoteAnswer.newBuilder()
                  .setMember(member(r.member()))
                  .setGranted(r.granted())
                  .setLast(position(r.last()))
                  .setReason(r.reason()));
      case Response.FenceAnswer r -> message.setFence(fence(r));
      case Response.AppendAnswer r ->
          message.setAppend(
              AppendAnswer.newBuilder()
                  .setMember(member(r.member()))
                  .setOutcome(outcome(r.outcome()))
                  .setDurable(position(r.durable()))
                  .setCommitted(r.committed())
                  .addAllTermStarts(termStarts(r.termStarts()))
                  .setLast(position(r.last()))
                  .setDetail(r.detail())
                  .setKnowsRequests(r.knowsRequests()));
      case Response.InstallImageAnswer r ->
          message.setInstallImage(
              InstallImageAnswer.newBuilder()
                  .setMember(member(r.member()))
                  .setAccepted(r.accepted()));
      case Response.MemberDescription r -> message.setMemberDescription(description(r));
      case Response.Entries r ->
          message.setEntries(
              Entries.newBuilder()
                  .setCommon(r.common())
                  .setImageNeeded(r.imageNeeded())
                  .addAllEntries(entries(r.entries()))
                  .setLast(position(r.last()))
                  .setCommitted(r.committed()));
      case Response.Image r -> message.setImage(image(r));
      case Response.SameFiles r ->
          message.setSameFiles(SameFiles.newBuilder().addAllPaths(r.paths()));
      case Response.FileBytes r ->
          message.setFileBytes(
              FileBytes.newBuilder()
                  .setBytes(bytes(r.bytes()))
                  .setCrc32C(crc(r.bytes().duplicate())));
      case Response.Done r -> message.setDone(Done.getDefaultInstance());
      case Response.CommittedAnswer r -> message.setCommitted(committed(r));
      case Response.TakeOverAnswer r ->
          message.setTakeOver(
              TakeOverAnswer.newBuilder()
                  .setMember(member(r.member()))
                  .setWilling(r.willing())
                  .setReason(r.reason()));
    }
    return message.build();
  }

  private static CommittedAnswer committed(Response.CommittedAnswer answer) {
    CommittedAnswer.Builder message = CommittedAnswer.newBuilder().setCommitted(answer.committed());
    if (answer.staleMs() != Long.MAX_VALUE) {
      message.setStaleMs(answer.staleMs());
    }
    return message.build();
  }

  private static FenceAnswer fence(Response.FenceAnswer answer) {
    FenceAnswer.Builder message =
        FenceAnswer.newBuilder()
            .setMember(member(answer.member()))
            .setGranted(answer.granted())
            .setLast(position(answer.last()))
            .setSource(answer.source())
            .setReason(answer.reason());
    @Nullable MemberId holder = answer.holder();
    if (holder != null) {
      message.setHolder(member(holder));
    }
    return message.build();
  }

  private static MemberDescription description(Response.MemberDescription answer) {
    MemberDescription.Builder message =
        MemberDescription.newBuilder()
            .setMember(member(answer.member()))
            .setCluster(answer.cluster())
            .setEmpty(answer.empty())
            .setLast(position(answer.last()))
            .setCommitted(answer.committed());
    @Nullable MemberId primary = answer.primary();
    if (primary != null) {
      message.setPrimary(member(primary));
    }
    return message.build();
  }

  private static Image image(Response.Image answer) {
    Image.Builder message =
        Image.newBuilder().setImage(answer.image()).setLast(position(answer.last()));
    for (dev.varve.store.ImageFile file : answer.files()) {
      ImageFile.Builder named =
          ImageFile.newBuilder().setPath(file.path()).setLength(file.length());
      @Nullable Integer crc = file.crc();
      if (crc != null) {
        named.setCrc32C(crc);
      }
      message.addFiles(named);
    }
    return message.build();
  }

  private static dev.varve.store.ImageFile imageFile(ImageFile file) {
    return new dev.varve.store.ImageFile(
        file.getPath(), file.getLength(), file.hasCrc32C() ? file.getCrc32C() : null);
  }

  /** TCP's own checksum lets one error in some ten thousand through. */
  private static Response.FileBytes fileBytes(long term, FileBytes message) {
    ByteBuffer bytes = buffer(message.getBytes());
    if (message.hasCrc32C() && message.getCrc32C() != crc(bytes.duplicate())) {
      throw new IllegalArgumentException("bytes of a file that changed on their way");
    }
    return new Response.FileBytes(term, bytes);
  }

  private static int crc(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  private static AppendAnswer.Outcome outcome(AppendOutcome outcome) {
    return switch (outcome) {
      case ACCEPTED -> AppendAnswer.Outcome.ACCEPTED;
      case MISMATCH -> AppendAnswer.Outcome.MISMATCH;
      case BUSY -> AppendAnswer.Outcome.BUSY;
      case REFUSED -> AppendAnswer.Outcome.REFUSED;
    };
  }

  private static AppendOutcome outcome(AppendAnswer.Outcome outcome) {
    return switch (outcome) {
      case ACCEPTED -> AppendOutcome.ACCEPTED;
      case MISMATCH -> AppendOutcome.MISMATCH;
      case BUSY -> AppendOutcome.BUSY;
      case REFUSED -> AppendOutcome.REFUSED;
      case OUTCOME_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("an append's outcome that this version does not know");
    };
  }

  /**
   * The answer that a message holds.
   *
   * @throws IllegalArgumentException if it holds none that this version knows
   */
  public static Response response(ReplicationResponse message) {
    long term = message.getTerm();
    return switch (message.getKindCase()) {
      case REFUSED -> new Response.Refused(term, message.getRefused().getReason());
      case PRE_VOTE -> {
        PreVoteAnswer m = message.getPreVote();
        yield new Response.PreVoteAnswer(
            term, member(m.getMember()), m.getGranted(), position(m.getLast()), m.getReason());
      }
      case FENCE -> {
        FenceAnswer m = message.getFence();
        yield new Response.FenceAnswer(
            term,
            member(m.getMember()),
            m.getGranted(),
            member(m.hasHolder(), m.getHolder()),
            position(m.getLast()),
            m.getSource(),
            m.getReason());
      }
      case APPEND -> {
        AppendAnswer m = message.getAppend();
        yield new Response.AppendAnswer(
            term,
            member(m.getMember()),
            outcome(m.getOutcome()),
            position(m.getDurable()),
            m.getCommitted(),
            starts(m.getTermStartsList()),
            position(m.getLast()),
            m.getDetail(),
            m.getKnowsRequests());
      }
      case INSTALL_IMAGE -> {
        InstallImageAnswer m = message.getInstallImage();
        yield new Response.InstallImageAnswer(term, member(m.getMember()), m.getAccepted());
      }
      case MEMBER_DESCRIPTION -> {
        MemberDescription m = message.getMemberDescription();
        yield new Response.MemberDescription(
            term,
            member(m.getMember()),
            m.getCluster(),
            m.getEmpty(),
            member(m.hasPrimary(), m.getPrimary()),
            position(m.getLast()),
            m.getCommitted());
      }
      case ENTRIES -> {
        Entries m = message.getEntries();
        yield new Response.Entries(
            term,
            m.getCommon(),
            m.getImageNeeded(),
            logEntries(m.getEntriesList()),
            position(m.getLast()),
            m.getCommitted());
      }
      case IMAGE -> {
        Image m = message.getImage();
        yield new Response.Image(
            term,
            m.getImage(),
            m.getFilesList().stream().map(ResponseMessages::imageFile).toList(),
            position(m.getLast()));
      }
      case SAME_FILES -> new Response.SameFiles(term, message.getSameFiles().getPathsList());
      case FILE_BYTES -> fileBytes(term, message.getFileBytes());
      case DONE -> new Response.Done(term);
      case COMMITTED -> {
        CommittedAnswer m = message.getCommitted();
        yield new Response.CommittedAnswer(
            term, m.getCommitted(), m.hasStaleMs() ? m.getStaleMs() : Long.MAX_VALUE);
      }
      case TAKE_OVER -> {
        TakeOverAnswer m = message.getTakeOver();
        yield new Response.TakeOverAnswer(
            term, member(m.getMember()), m.getWilling(), m.getReason());
      }
      case KIND_NOT_SET ->
          throw new IllegalArgumentException("an answer of a kind that this version does not know");
    };
  }
}
