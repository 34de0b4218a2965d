package dev.varve.replication;

import dev.varve.store.Appended;
import dev.varve.store.CheckpointResult;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionListener;
import dev.varve.store.CompactionRequest;
import dev.varve.store.InstallingException;
import dev.varve.store.LogPosition;
import dev.varve.store.LogState;
import dev.varve.store.RequestId;
import dev.varve.store.RetentionDecision;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.TrimBound;
import dev.varve.store.TrimResult;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Copies a shard without a vote: it asks its source for what is new, again and again, and counts in
 * no quorum. It refuses writes and compactions, and adopts what its source compacted.
 */
public final class FollowerMember implements Member {
  private static final System.Logger LOG = System.getLogger(FollowerMember.class.getName());

  /** The name under which the transport reaches the source. */
  public static final String SOURCE = "primary";

  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final Duration HEARD_LATELY = Duration.ofSeconds(5);

  private final MemberOptions options;
  private final MemberRuntime runtime;
  private final Storage storage;
  private final LocalStore local;
  private final MemberThread thread;
  private final Peers peers;
  private final Header header;
  private final FollowerLog log;
  private final FileSource files;
  private final Staleness staleness;
  private final MemberId self;
  private volatile boolean copying = true;
  private volatile boolean level;
  private volatile boolean heard;
  private volatile long heardNanos;
  private volatile long sourceTerm;
  private volatile String detail = "opening the store";
  private volatile @Nullable String damage;

  private FollowerMember(
      MemberOptions options,
      MemberRuntime runtime,
      StoreOptions storeOptions,
      Storage storage,
      Transport transport) {
    this.options = options;
    this.runtime = runtime;
    this.storage = storage;
    this.self = MemberId.random(options.name(), runtime.random());
    this.local = new LocalStore(storeOptions, storage, runtime.store(), runtime.scheduler());
    this.thread =
        new MemberThread(
            runtime.scheduler(), runtime.blocking(), bug -> stop("unexpected failure", bug));
    this.peers =
        new Peers(
            thread, transport, List.of(SOURCE), term -> sourceTerm = Math.max(sourceTerm, term));
    this.header = new Header(options.shard(), () -> sourceTerm);
    this.log = new FollowerLog(thread);
    this.staleness =
        new Staleness(thread, peers, header, options.timing().vote(), () -> SOURCE, this::applied);
    this.files = new FileSource(thread, local::store, () -> sourceTerm, runtime.random());
  }

  /**
   * Starts to follow. Returns at once.
   *
   * @param transport reaches the source under the name {@link #SOURCE}
   */
  public static FollowerMember start(
      MemberOptions options,
      MemberRuntime runtime,
      StoreOptions storeOptions,
      Storage storage,
      Transport transport) {
    FollowerMember member = new FollowerMember(options, runtime, storeOptions, storage, transport);
    member.open();
    return member;
  }

  private void open() {
    detail = "opening the store";
    thread.blocking(
        () -> {
          try {
            return Opened.as(local.open());
          } catch (InstallingException e) {
            return Opened.INSTALLING;
          }
        },
        opened -> {
          Store store = opened.store();
          if (store == null) {
            copy();
            return;
          }
          store
              .log()
              .fetchWith(
                  new PeerSegmentFetcher(
                      runtime.scheduler(),
                      peers,
                      header,
                      peers::names,
                      options.timing().request()));
          log.open(store.log());
          copying = false;
          poll(store);
        },
        failure -> stop("the store cannot be opened", failure));
  }

  private record Opened(@Nullable Store store) {
    static final Opened INSTALLING = new Opened(null);

    static Opened as(Store store) {
      return new Opened(store);
    }
  }

  private void poll(Store store) {
    detail = "following " + SOURCE;
    thread.when(
        new CatchUp(thread, peers, header, log, store, SOURCE, options.timing().request())
            .upTo(LogPosition.EMPTY),
        answer -> {
          heard = true;
          heardNanos = thread.nowNanos();
          level = log.tail().last().compareTo(answer.last()) >= 0;
          log.match(log.tail().positionAt(answer.common()));
          log.commit(answer.committed());
          again(level ? POLL : Duration.ZERO, store);
        },
        failure -> {
          if (failure instanceof CatchUp.ImageNeededException) {
            copy();
          } else {
            detail = "cannot follow: " + failure.getMessage();
            again(RETRY, store);
          }
        });
  }

  private void again(Duration delay, Store store) {
    Scheduler.Cancellable _ = thread.after(delay, () -> poll(store));
  }

  private void copy() {
    copying = true;
    level = false;
    detail = "copying files from " + SOURCE;
    log.close();
    files.closeAll();
    ImageCopy copy =
        new ImageCopy(thread, peers, header, storage, self, SOURCE, options.timing().request());
    thread.blocking(
        () -> {
          local.close();
          return copy;
        },
        closed ->
            thread.when(
                closed.start(),
                done -> open(),
                failure -> {
                  detail = "copying files broke off: " + failure.getMessage();
                  Scheduler.Cancellable _ = thread.after(RETRY, this::copy);
                }),
        failure -> stop("the store could not be closed", failure));
  }

  private void stop(String reason, Throwable cause) {
    LOG.log(System.Logger.Level.ERROR, options.name() + " stops: " + reason, cause);
    damage = reason + ": " + cause.getMessage();
    detail = "stopped: " + reason;
    thread.stop();
  }

  @Override
  public MemberStatus status() {
    Store store = local.store();
    LogState state = store == null ? null : store.log().state();
    return new MemberStatus(
        self,
        MemberRole.REPLICA,
        detail,
        sourceTerm,
        SOURCE,
        options.addressOf(SOURCE),
        state == null ? 0 : state.last().sequence(),
        state == null ? 0 : state.committed(),
        false,
        level && !copying && heard && thread.nowNanos() - heardNanos < HEARD_LATELY.toNanos(),
        damage,
        List.of(),
        state == null ? List.of() : MemberId.parseAll(state.membership()));
  }

  @Override
  public @Nullable Store store() {
    return local.store();
  }

  private long applied() {
    Store store = local.store();
    return store == null ? -1 : store.log().state().applied();
  }

  @Override
  public long staleMs() {
    return staleness.staleMs();
  }

  @Override
  public void askHowStale() {
    staleness.ask();
  }

  private NotPrimaryException notPrimary() {
    return new NotPrimaryException(SOURCE, options.addressOf(SOURCE), sourceTerm);
  }

  @Override
  public CompletableFuture<Written> write(WriteBatch batch) {
    return CompletableFuture.failedFuture(notPrimary());
  }

  @Override
  public CompletableFuture<Appended> append(
      String stream, List<byte[]> payloads, @Nullable RequestId request) {
    return CompletableFuture.failedFuture(notPrimary());
  }

  @Override
  public boolean remembersRequests() {
    Store store = local.store();
    return store != null && store.remembersRequests();
  }

  @Override
  public TrimResult trim(String stream, TrimBound bound, boolean approximate)
      throws NotPrimaryException {
    throw notPrimary();
  }

  @Override
  public List<RetentionDecision> retain() throws NotPrimaryException {
    throw notPrimary();
  }

  @Override
  public boolean readsAreFresh() {
    return false;
  }

  @Override
  public CompletableFuture<Void> confirmReads() {
    return CompletableFuture.failedFuture(notPrimary());
  }

  @Override
  public CompactionEvent compact(
      long expectedTerm, CompactionRequest request, CompactionListener progress, CancelToken cancel)
      throws NotPrimaryException {
    throw notPrimary();
  }

  @Override
  public CompletableFuture<CheckpointResult> checkpoint() {
    return CompletableFuture.failedFuture(notPrimary());
  }

  @Override
  public CompletableFuture<HandedOver> stepDown(@Nullable String to) {
    return CompletableFuture.failedFuture(notPrimary());
  }

  /** Others may copy from here in turn; it takes nothing that it did not ask for. */
  @Override
  public CompletableFuture<Response> handle(Request request) {
    CompletableFuture<Response> answer = new CompletableFuture<>();
    thread.run(
        () ->
            thread.when(
                answerTo(request),
                answer::complete,
                failure -> answer.complete(new Response.Refused(sourceTerm, failure.toString()))));
    return answer;
  }

  private CompletableFuture<Response> answerTo(Request request) {
    return switch (request) {
      case Request.FetchEntries fetch -> CompletableFuture.completedFuture(files.entries(fetch));
      case Request.OpenImage _ -> files.openImage();
      case Request.CheckFiles check -> files.sameFiles(check);
      case Request.GetFile get -> files.file(get);
      case Request.CloseImage close -> CompletableFuture.completedFuture(files.closeImage(close));
      case Request.DescribeMember _ -> noVote();
      case Request.PreVote _ -> noVote();
      case Request.Fence _ -> noVote();
      case Request.Append _ -> noVote();
      case Request.AskCommitted _ -> howFar();
      case Request.PrepareTakeOver _ -> noVote();
      case Request.Release _ -> noVote();
      case Request.InstallImage _ -> noVote();
    };
  }

  /** What it knows; meanwhile it asks for more. */
  private CompletableFuture<Response> howFar() {
    staleness.ask();
    return CompletableFuture.completedFuture(
        new Response.CommittedAnswer(sourceTerm, applied(), staleness.staleMs()));
  }

  private CompletableFuture<Response> noVote() {
    return CompletableFuture.completedFuture(
        new Response.Refused(sourceTerm, options.name() + " has no vote"));
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
