package dev.varve.replication;

import dev.varve.store.Appended;
import dev.varve.store.CheckpointResult;
import dev.varve.store.CompactionEvent;
import dev.varve.store.CompactionListener;
import dev.varve.store.CompactionRequest;
import dev.varve.store.NotLeaderException;
import dev.varve.store.OutcomeUnknownException;
import dev.varve.store.RequestId;
import dev.varve.store.RetentionDecision;
import dev.varve.store.Store;
import dev.varve.store.StoreClosedException;
import dev.varve.store.StoreOptions;
import dev.varve.store.TrimBound;
import dev.varve.store.TrimResult;
import dev.varve.store.VersionMismatchException;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A voting member of a shard: it follows, and becomes primary by the shard's Lease and the fences
 * of a majority.
 */
public final class ReplicatedMember implements Member {
  private static final Duration SWEEP_EVERY = Duration.ofMillis(100);

  private final MemberRuntime runtime;
  private final LocalMember me;
  private final LocalStore local;
  private final FileSource files;
  private final RequestHandler handler;
  private final Deadlines deadlines;
  private volatile MemberStatus status;
  private volatile @Nullable Primary primary;

  private ReplicatedMember(
      MemberOptions options,
      MemberRuntime runtime,
      StoreOptions storeOptions,
      Storage storage,
      Transport transport,
      LeaseStore lease) {
    this.runtime = runtime;
    this.local = new LocalStore(storeOptions, storage, runtime.store(), runtime.scheduler());
    this.me = new LocalMember(options, runtime, storage, local, transport, lease);
    this.files = new FileSource(me.thread, me::store, me::term, runtime.random());
    this.handler = new RequestHandler(me, files);
    this.deadlines = new Deadlines(runtime.scheduler(), options.timing().write());
    this.status = StatusReport.of(me);
    me.onChange(this::publish);
  }

  /**
   * Starts a member on a directory. Returns at once; the directory is opened and recovered
   * meanwhile, and what goes wrong with that shows in {@link MemberStatus#damage}.
   *
   * @param transport reaches the other members of {@code options.peers()}
   */
  public static ReplicatedMember start(
      MemberOptions options,
      MemberRuntime runtime,
      StoreOptions storeOptions,
      Storage storage,
      Transport transport,
      LeaseStore lease) {
    ReplicatedMember member =
        new ReplicatedMember(options, runtime, storeOptions, storage, transport, lease);
    Directory directory = new Directory(options, storage, member.local, runtime.random());
    member.me.thread.blocking(
        directory::open,
        member.me::begin,
        failure -> member.me.stop("the directory cannot be opened", failure));
    member.sweep();
    return member;
  }

  private void publish() {
    status = StatusReport.of(me);
    primary = me.role() instanceof Primary leading ? leading : null;
  }

  private void sweep() {
    deadlines.sweep();
    files.closeIdle();
    publish();
    Scheduler.Cancellable _ = me.thread.after(SWEEP_EVERY, this::sweep);
  }

  @Override
  public MemberStatus status() {
    return status;
  }

  @Override
  public @Nullable Store store() {
    return local.store();
  }

  @Override
  public CompletableFuture<Written> write(WriteBatch batch) {
    return onPrimary(
        leading ->
            leading
                .store()
                .write(batch)
                .thenApply(at -> new Written(at, leading.term()))
                .exceptionallyCompose(failure -> refused(leading, MemberThread.causeOf(failure))));
  }

  /**
   * A refused condition is a read of the key's version: as for any other, the primary must have
   * been one when it was compared.
   */
  private CompletableFuture<Written> refused(Primary leading, Throwable failure) {
    if (!(failure instanceof VersionMismatchException)
        || leading.readsAreFresh(runtime.scheduler().nowNanos())) {
      return CompletableFuture.failedFuture(failure);
    }
    return confirmReads(leading).thenCompose(_ -> CompletableFuture.failedFuture(failure));
  }

  @Override
  public CompletableFuture<CheckpointResult> checkpoint() {
    return onPrimary(leading -> leading.store().checkpoint());
  }

  @Override
  public CompletableFuture<Appended> append(
      String stream, List<byte[]> payloads, @Nullable RequestId request) {
    return onPrimary(leading -> Streams.append(leading.store(), stream, payloads, request));
  }

  @Override
  public boolean remembersRequests() {
    Store store = local.store();
    return store != null && store.remembersRequests();
  }

  @Override
  public TrimResult trim(String stream, TrimBound bound, boolean approximate)
      throws IOException, NotPrimaryException, QuorumUnavailableException {
    return blockingOnPrimary(store -> store.stream(stream).trim(bound, approximate));
  }

  @Override
  public List<RetentionDecision> retain()
      throws IOException, NotPrimaryException, QuorumUnavailableException {
    return blockingOnPrimary(Store::retain);
  }

  private interface Blocking<T> {
    T on(Store store) throws IOException;
  }

  /** What waits for commits itself: a primary that finds no majority resigns, which ends it. */
  private <T> T blockingOnPrimary(Blocking<T> work)
      throws IOException, NotPrimaryException, QuorumUnavailableException {
    Primary leading = primary;
    if (leading == null) {
      throw notPrimary();
    }
    if (!leading.serving()) {
      throw new QuorumUnavailableException("the primary has not begun to serve", true);
    }
    if (!leading.writes().enter()) {
      throw handingOver();
    }
    try {
      return work.on(leading.store());
    } catch (NotLeaderException e) {
      throw notPrimary();
    } catch (OutcomeUnknownException e) {
      throw new QuorumUnavailableException("deposed before a majority acknowledged", false);
    } catch (StoreClosedException e) {
      throw new QuorumUnavailableException("closed before a majority acknowledged", false);
    } finally {
      leading.writes().leave();
    }
  }

  private <T> CompletableFuture<T> onPrimary(Function<Primary, CompletableFuture<T>> work) {
    Primary leading = primary;
    if (leading == null) {
      return CompletableFuture.failedFuture(notPrimary());
    }
    if (!leading.serving()) {
      return CompletableFuture.failedFuture(
          new QuorumUnavailableException("the primary has not begun to serve", true));
    }
    if (!leading.writes().enter()) {
      return CompletableFuture.failedFuture(handingOver());
    }
    CompletableFuture<T> result = new CompletableFuture<>();
    deadlines.add(
        result,
        () ->
            new QuorumUnavailableException(
                "no majority acknowledged within " + me.timing().write(), false));
    CompletableFuture<T> _ =
        started(leading, work)
            .whenComplete(
                (value, failure) -> {
                  // Not when the caller is answered, which may be earlier: a write that ran into
                  // its time limit is still under way.
                  leading.writes().leave();
                  if (failure == null) {
                    result.complete(value);
                  } else {
                    result.completeExceptionally(translated(MemberThread.causeOf(failure)));
                  }
                });
    return result;
  }

  private static <T> CompletableFuture<T> started(
      Primary leading, Function<Primary, CompletableFuture<T>> work) {
    try {
      return work.apply(leading);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static QuorumUnavailableException handingOver() {
    return new QuorumUnavailableException("the primary is handing over", true);
  }

  /** What the store says of a log that is no longer led, in the words of a shard. */
  private Throwable translated(Throwable failure) {
    return switch (failure) {
      case NotLeaderException _ -> notPrimary();
      case OutcomeUnknownException _ ->
          new QuorumUnavailableException("deposed before a majority acknowledged", false);
      case StoreClosedException _ ->
          new QuorumUnavailableException("closed before a majority acknowledged", false);
      default -> failure;
    };
  }

  private NotPrimaryException notPrimary() {
    MemberStatus now = status;
    boolean self = now.member().name().equals(now.primary());
    return new NotPrimaryException(
        self ? null : now.primary(), self ? null : now.primaryAddress(), now.term());
  }

  @Override
  public boolean readsAreFresh() {
    Primary leading = primary;
    return leading != null && leading.readsAreFresh(runtime.scheduler().nowNanos());
  }

  @Override
  public CompletableFuture<Void> confirmReads() {
    return confirmReads(null);
  }

  /**
   * Confirms the term with a majority.
   *
   * @param only the primary that this member must still be, in that term; null: whichever it is
   */
  private CompletableFuture<Void> confirmReads(@Nullable Primary only) {
    CompletableFuture<Void> result = new CompletableFuture<>();
    deadlines.add(
        result, () -> new QuorumUnavailableException("no majority confirmed the term", true));
    me.thread.run(
        () -> {
          if (me.role() instanceof Primary leading && (only == null || only == leading)) {
            me.thread.when(leading.confirmReads(), result::complete, result::completeExceptionally);
          } else {
            result.completeExceptionally(notPrimary());
          }
        });
    return result;
  }

  @Override
  public long staleMs() {
    Primary leading = primary;
    return leading != null && leading.serving()
        ? leading.staleMs(runtime.scheduler().nowNanos())
        : me.staleness().staleMs();
  }

  @Override
  public void askHowStale() {
    me.staleness().ask();
  }

  @Override
  public CompactionEvent compact(
      long expectedTerm, CompactionRequest request, CompactionListener progress, CancelToken cancel)
      throws IOException, NotPrimaryException, StaleTermException {
    Primary leading = primary;
    if (leading == null || !leading.serving()) {
      throw notPrimary();
    }
    if (expectedTerm != 0 && expectedTerm != leading.term()) {
      throw new StaleTermException(expectedTerm, leading.term());
    }
    WorkGate compactions = leading.compactions();
    if (!compactions.enter()) {
      throw notPrimary();
    }
    try {
      return leading
          .store()
          .compact(
              request,
              progress,
              cancel.narrower(() -> compactions.isClosed() ? HandOver.COMPACTION_ENDS : null));
    } catch (NotLeaderException e) {
      throw notPrimary();
    } finally {
      compactions.leave();
    }
  }

  @Override
  public CompletableFuture<HandedOver> stepDown(@Nullable String to) {
    return onThread(() -> {}, to);
  }

  @Override
  public CompletableFuture<HandedOver> stepAside() {
    return onThread(me::stepAside, null);
  }

  private CompletableFuture<HandedOver> onThread(Runnable before, @Nullable String to) {
    if (me.thread.isStopped()) {
      return CompletableFuture.failedFuture(notPrimary());
    }
    CompletableFuture<HandedOver> result = new CompletableFuture<>();
    me.thread.run(
        () -> {
          before.run();
          if (me.role() instanceof Primary leading) {
            me.thread.when(leading.stepDown(to), result::complete, result::completeExceptionally);
          } else {
            result.completeExceptionally(notPrimary());
          }
        });
    return result;
  }

  @Override
  public CompletableFuture<Response> handle(Request request) {
    if (me.thread.isStopped()) {
      return CompletableFuture.completedFuture(new Response.Refused(me.term(), "closed"));
    }
    CompletableFuture<Response> answer = new CompletableFuture<>();
    me.thread.run(
        () ->
            me.thread.when(
                handler.handle(request),
                answer::complete,
                failure -> answer.complete(new Response.Refused(me.term(), failure.toString()))));
    return answer;
  }

  @Override
  public void close() {
    CompletableFuture<Void> ended = new CompletableFuture<>();
    runtime
        .scheduler()
        .execute(
            () -> {
              me.shutDown();
              files.closeAll();
              ended.complete(null);
            });
    try {
      runtime.scheduler().await(ended);
      local.close();
    } catch (IOException e) {
      me.note(System.Logger.Level.WARNING, "was not closed cleanly: " + e);
    }
  }
}
