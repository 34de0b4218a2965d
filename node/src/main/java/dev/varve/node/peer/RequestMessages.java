package dev.varve.node.peer;

import static dev.varve.node.peer.WireForms.entries;
import static dev.varve.node.peer.WireForms.logEntries;
import static dev.varve.node.peer.WireForms.member;
import static dev.varve.node.peer.WireForms.position;
import static dev.varve.node.peer.WireForms.starts;
import static dev.varve.node.peer.WireForms.termStarts;

import dev.varve.protocol.internal.v1.Append;
import dev.varve.protocol.internal.v1.AskCommitted;
import dev.varve.protocol.internal.v1.CheckFiles;
import dev.varve.protocol.internal.v1.CloseImage;
import dev.varve.protocol.internal.v1.DescribeMember;
import dev.varve.protocol.internal.v1.Fence;
import dev.varve.protocol.internal.v1.FetchEntries;
import dev.varve.protocol.internal.v1.FilePrefix;
import dev.varve.protocol.internal.v1.GetFile;
import dev.varve.protocol.internal.v1.InstallImage;
import dev.varve.protocol.internal.v1.OpenImage;
import dev.varve.protocol.internal.v1.PreVote;
import dev.varve.protocol.internal.v1.PrepareTakeOver;
import dev.varve.protocol.internal.v1.Release;
import dev.varve.protocol.internal.v1.ReplicationRequest;
import dev.varve.replication.Request;

/** Requests between members, to their wire form and back. */
public final class RequestMessages {
  private RequestMessages() {}

  /** The wire form of a request to {@code toMember}. */
  public static ReplicationRequest message(String toMember, Request request) {
    ReplicationRequest.Builder message =
        ReplicationRequest.newBuilder()
            .setShard(request.shard())
            .setTerm(request.term())
            .setToMember(toMember);
    switch (request) {
      case Request.PreVote r ->
          message.setPreVote(
              PreVote.newBuilder().setCandidate(member(r.candidate())).setLast(position(r.last())));
      case Request.Fence r ->
          message.setFence(Fence.newBuilder().setCandidate(member(r.candidate())));
      case Request.Append r ->
          message.setAppend(
              Append.newBuilder()
                  .setPrimary(member(r.primary()))
                  .setPrevious(position(r.previous()))
                  .addAllEntries(entries(r.entries()))
                  .setCommitted(r.committed()));
      case Request.InstallImage r ->
          message.setInstallImage(InstallImage.newBuilder().setPrimary(member(r.primary())));
      case Request.DescribeMember r ->
          message.setDescribeMember(DescribeMember.getDefaultInstance());
      case Request.FetchEntries r ->
          message.setFetchEntries(
              FetchEntries.newBuilder()
                  .setAfter(position(r.after()))
                  .addAllTermStarts(termStarts(r.termStarts()))
                  .setMaxBytes(r.maxBytes()));
      case Request.OpenImage r ->
          message.setOpenImage(OpenImage.newBuilder().setReceiver(member(r.receiver())));
      case Request.CheckFiles r -> message.setCheckFiles(checkFiles(r));
      case Request.GetFile r ->
          message.setGetFile(
              GetFile.newBuilder()
                  .setImage(r.image())
                  .setPath(r.path())
                  .setOffset(r.offset())
                  .setMaxBytes(r.maxBytes()));
      case Request.CloseImage r ->
          message.setCloseImage(CloseImage.newBuilder().setImage(r.image()));
      case Request.AskCommitted r -> message.setAskCommitted(AskCommitted.getDefaultInstance());
      case Request.PrepareTakeOver r ->
          message.setPrepareTakeOver(PrepareTakeOver.newBuilder().setPrimary(member(r.primary())));
      case Request.Release r ->
          message.setRelease(
              Release.newBuilder()
                  .setPrimary(member(r.primary()))
                  .setSuccessor(member(r.successor())));
    }
    return message.build();
  }

  private static CheckFiles checkFiles(Request.CheckFiles request) {
    CheckFiles.Builder message = CheckFiles.newBuilder().setImage(request.image());
    for (Request.FilePrefix prefix : request.prefixes()) {
      message.addPrefixes(
          FilePrefix.newBuilder()
              .setPath(prefix.path())
              .setLength(prefix.length())
              .setCrc32C(prefix.crc()));
    }
    return message.build();
  }

  /**
   * The request that a message holds.
   *
   * @throws IllegalArgumentException if it holds none that this version knows
   */
  public static Request request(ReplicationRequest message) {
    int shard = message.getShard();
    long term = message.getTerm();
    return switch (message.getKindCase()) {
      case PRE_VOTE -> {
        PreVote m = message.getPreVote();
        yield new Request.PreVote(shard, term, member(m.getCandidate()), position(m.getLast()));
      }
      case FENCE -> new Request.Fence(shard, term, member(message.getFence().getCandidate()));
      case APPEND -> {
        Append m = message.getAppend();
        yield new Request.Append(
            shard,
            term,
            member(m.getPrimary()),
            position(m.getPrevious()),
            logEntries(m.getEntriesList()),
            m.getCommitted());
      }
      case INSTALL_IMAGE ->
          new Request.InstallImage(shard, term, member(message.getInstallImage().getPrimary()));
      case DESCRIBE_MEMBER -> new Request.DescribeMember(shard, term);
      case FETCH_ENTRIES -> {
        FetchEntries m = message.getFetchEntries();
        yield new Request.FetchEntries(
            shard, term, position(m.getAfter()), starts(m.getTermStartsList()), m.getMaxBytes());
      }
      case OPEN_IMAGE ->
          new Request.OpenImage(shard, term, member(message.getOpenImage().getReceiver()));
      case CHECK_FILES -> {
        CheckFiles m = message.getCheckFiles();
        yield new Request.CheckFiles(
            shard,
            term,
            m.getImage(),
            m.getPrefixesList().stream()
                .map(p -> new Request.FilePrefix(p.getPath(), p.getLength(), p.getCrc32C()))
                .toList());
      }
      case GET_FILE -> {
        GetFile m = message.getGetFile();
        yield new Request.GetFile(
            shard, term, m.getImage(), m.getPath(), m.getOffset(), m.getMaxBytes());
      }
      case CLOSE_IMAGE -> new Request.CloseImage(shard, term, message.getCloseImage().getImage());
      case ASK_COMMITTED -> new Request.AskCommitted(shard, term);
      case PREPARE_TAKE_OVER ->
          new Request.PrepareTakeOver(
              shard, term, member(message.getPrepareTakeOver().getPrimary()));
      case RELEASE -> {
        Release m = message.getRelease();
        yield new Request.Release(shard, term, member(m.getPrimary()), member(m.getSuccessor()));
      }
      case KIND_NOT_SET ->
          throw new IllegalArgumentException("a request of a kind that this version does not know");
    };
  }
}
