package dev.varve.replication;

import dev.varve.store.Appended;
import dev.varve.store.CheckpointResult;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionListener;
import dev.varve.store.CompactionRequest;
import dev.varve.store.LogState;
import dev.varve.store.RequestId;
import dev.varve.store.RetentionDecision;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.TrimBound;
import dev.varve.store.TrimResult;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.manifest.Layout;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The only member of its shard: a quorum of one, without a Lease. It starts an empty shard by
 * itself, and leads the next term each time it is started. Members without a vote may copy from it.
 */
public final class StandaloneMember implements Member {
  private static final System.Logger LOG = System.getLogger(StandaloneMember.class.getName());

  private final MemberOptions options;
  private final MemberId self;
  private final LocalStore local;
  private final Store store;
  private final MemberThread thread;
  private final FileSource files;
  private final long term;

  private StandaloneMember(
      MemberOptions options, MemberRuntime runtime, MemberId self, LocalStore local, Store store) {
    this.options = options;
    this.self = self;
    this.local = local;
    this.store = store;
    this.term = store.log().state().termStarts().getLast().term();
    this.thread =
        new MemberThread(
            runtime.scheduler(),
            runtime.blocking(),
            bug -> LOG.log(System.Logger.Level.ERROR, "unexpected failure", bug));
    this.files = new FileSource(thread, local::store, () -> term, runtime.random());
  }

  /**
   * Opens the directory, recovers it and leads. Blocks until it serves.
   *
   * @throws IOException if the store cannot be opened: locked, damaged, or the disk does not work
   */
  public static StandaloneMember start(
      MemberOptions options, MemberRuntime runtime, StoreOptions storeOptions, Storage storage)
      throws IOException {
    LocalStore local = new LocalStore(storeOptions, storage, runtime.store(), runtime.scheduler());
    Store store = local.openStandalone();
    Identity identity = Identity.load(storage);
    if (identity == null) {
      identity = Identity.create(options, runtime.random(), false).withLog();
      identity.store(storage);
    }
    StandaloneMember member =
        new StandaloneMember(options, runtime, identity.member(), local, store);
    member.thread.when(
        store.rememberRequests(),
        done -> {},
        failure -> LOG.log(System.Logger.Level.WARNING, "requests are not remembered", failure));
    return member;
  }

  @Override
  public MemberStatus status() {
    LogState log = store.log().state();
    return new MemberStatus(
        self,
        MemberRole.PRIMARY,
        log.poisoned() ? "stopped: the store is poisoned" : "serving alone",
        term,
        options.name(),
        options.addressOf(options.name()),
        log.last().sequence(),
        log.committed(),
        !log.poisoned(),
        false,
        log.poisoned() ? "the store is poisoned" : null,
        List.of(),
        List.of(self));
  }

  @Override
  public Store store() {
    return store;
  }

  @Override
  public CompletableFuture<Written> write(WriteBatch batch) {
    return store.write(batch).thenApply(sequence -> new Written(sequence, term));
  }

  @Override
  public CompletableFuture<Appended> append(
      String stream, List<byte[]> payloads, @Nullable RequestId request) {
    return Streams.append(store, stream, payloads, request);
  }

  @Override
  public boolean remembersRequests() {
    return store.remembersRequests();
  }

  @Override
  public TrimResult trim(String stream, TrimBound bound, boolean approximate) throws IOException {
    return store.stream(stream).trim(bound, approximate);
  }

  @Override
  public List<RetentionDecision> retain() throws IOException {
    return store.retain();
  }

  @Override
  public boolean readsAreFresh() {
    return true;
  }

  @Override
  public long staleMs() {
    return 0;
  }

  @Override
  public void askHowStale() {
    // It is the only one, and knows.
  }

  @Override
  public CompletableFuture<Void> confirmReads() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public CompactionEvent compact(
      long expectedTerm, CompactionRequest request, CompactionListener progress, CancelToken cancel)
      throws IOException, StaleTermException {
    if (expectedTerm != 0 && expectedTerm != term) {
      throw new StaleTermException(expectedTerm, term);
    }
    return store.compact(request, progress, cancel);
  }

  @Override
  public CompletableFuture<CheckpointResult> checkpoint() {
    return store.checkpoint();
  }

  @Override
  public CompletableFuture<HandedOver> stepDown(@Nullable String to) {
    if (self.name().equals(to)) {
      return CompletableFuture.completedFuture(new HandedOver(self.name(), term));
    }
    return CompletableFuture.failedFuture(
        to == null
            ? new HandOverRefusedException(
                HandOverRefusedException.Kind.NO_OTHER_MEMBER,
                self.name() + " is the only member of its shard")
            : new HandOverRefusedException(
                HandOverRefusedException.Kind.UNKNOWN_MEMBER, "this shard has no member " + to));
  }

  @Override
  public CompletableFuture<Response> handle(Request request) {
    CompletableFuture<Response> answer = new CompletableFuture<>();
    thread.run(
        () ->
            thread.when(
                answerTo(request),
                answer::complete,
                failure -> answer.complete(new Response.Refused(term, failure.toString()))));
    return answer;
  }

  private CompletableFuture<Response> answerTo(Request request) {
    if (store.layout() != Layout.SEGMENTED) {
      // Single files have no segments to adopt; a store in memory begins its first term anew each
      // time, so that a follower could not tell its records from other ones of the same numbers.
      String layout = store.layout().name().toLowerCase(Locale.ROOT).replace('_', '-');
      return CompletableFuture.completedFuture(
          new Response.Refused(
              term, self.name() + " has the layout " + layout + ", which nobody can follow"));
    }
    return switch (request) {
      case Request.FetchEntries fetch -> CompletableFuture.completedFuture(files.entries(fetch));
      case Request.OpenImage _ -> files.openImage();
      case Request.CheckFiles check -> files.sameFiles(check);
      case Request.GetFile get -> files.file(get);
      case Request.CloseImage close -> CompletableFuture.completedFuture(files.closeImage(close));
      case Request.DescribeMember _ ->
          CompletableFuture.completedFuture(
              new Response.MemberDescription(
                  term,
                  self,
                  options.cluster(),
                  false,
                  self,
                  store.log().state().last(),
                  store.log().state().committed()));
      case Request.PreVote _ -> alone();
      case Request.Fence _ -> alone();
      case Request.Append _ -> alone();
      case Request.PrepareTakeOver _ -> alone();
      case Request.AskCommitted _ ->
          CompletableFuture.completedFuture(
              new Response.CommittedAnswer(term, store.log().state().committed(), 0));
      case Request.Release _ -> alone();
      case Request.InstallImage _ -> alone();
    };
  }

  private CompletableFuture<Response> alone() {
    return CompletableFuture.completedFuture(
        new Response.Refused(term, self.name() + " is the only member of its shard"));
  }

  @Override
  public void close() {
    thread.stop();
    try {
      local.close();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "the store was not closed cleanly", e);
    }
  }
}
