package dev.varve.node.peer;

import dev.varve.replication.HandedOver;
import dev.varve.replication.Member;
import dev.varve.replication.MemberId;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.replication.Request;
import dev.varve.replication.Response;
import dev.varve.replication.Written;
import dev.varve.store.Appended;
import dev.varve.store.CheckpointResult;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionListener;
import dev.varve.store.CompactionRequest;
import dev.varve.store.RequestId;
import dev.varve.store.RetentionDecision;
import dev.varve.store.Store;
import dev.varve.store.TrimBound;
import dev.varve.store.TrimResult;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A member that only answers messages, as its test says. */
final class FakeMember implements Member {
  private final Function<Request, CompletableFuture<Response>> answers;

  FakeMember(Function<Request, CompletableFuture<Response>> answers) {
    this.answers = answers;
  }

  @Override
  public CompletableFuture<Response> handle(Request request) {
    return answers.apply(request);
  }

  @Override
  public MemberStatus status() {
    return new MemberStatus(
        new MemberId("b", "0b"),
        MemberRole.REPLICA,
        "a fake",
        9,
        null,
        null,
        0,
        0,
        false,
        false,
        null,
        List.of(),
        List.of());
  }

  @Override
  public boolean remembersRequests() {
    return false;
  }

  @Override
  public long staleMs() {
    return Long.MAX_VALUE;
  }

  @Override
  public void askHowStale() {
    throw new UnsupportedOperationException();
  }

  @Override
  public @Nullable Store store() {
    return null;
  }

  @Override
  public CompletableFuture<Written> write(WriteBatch batch) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<Appended> append(
      String stream, List<byte[]> payloads, @Nullable RequestId request) {
    throw new UnsupportedOperationException();
  }

  @Override
  public TrimResult trim(String stream, TrimBound bound, boolean approximate) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<RetentionDecision> retain() {
    throw new UnsupportedOperationException();
  }

  @Override
  public boolean readsAreFresh() {
    return false;
  }

  @Override
  public CompletableFuture<Void> confirmReads() {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompactionEvent compact(
      long expectedTerm,
      CompactionRequest request,
      CompactionListener progress,
      CancelToken cancel) {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<CheckpointResult> checkpoint() {
    throw new UnsupportedOperationException();
  }

  @Override
  public CompletableFuture<HandedOver> stepDown(@Nullable String to) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
