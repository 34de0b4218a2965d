package dev.varve.replication;

import dev.varve.store.LogPosition;
import dev.varve.store.LogState;
import dev.varve.store.Store;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * This member with all that outlives its roles. On the scheduler only, but for {@link #store()} and
 * {@link #term()}.
 */
final class LocalMember {
  private static final System.Logger LOG = System.getLogger(LocalMember.class.getName());

  final MemberOptions options;
  final MemberRuntime runtime;
  final MemberThread thread;
  final Peers peers;
  final LeaseStore lease;
  final Storage storage;
  final LocalStore local;
  final FollowerLog log;
  final Promises promises;
  private Runnable onChange = () -> {};

  private @Nullable Identity identity;
  private volatile @Nullable Terms terms;
  private @Nullable PriorPosition prior;
  private Role role = new Starting();
  private @Nullable MemberId primary;
  private long primaryHeardNanos;
  private final Staleness staleness;
  private @Nullable SelfRepair repair;
  private List<String> quorumRecord = List.of();
  private Quorum quorum = new Quorum(List.of());
  private @Nullable String damage;
  private boolean stepsAside;

  LocalMember(
      MemberOptions options,
      MemberRuntime runtime,
      Storage storage,
      LocalStore local,
      Transport transport,
      LeaseStore lease) {
    this.options = options;
    this.runtime = runtime;
    this.storage = storage;
    this.local = local;
    this.lease = lease;
    this.thread =
        new MemberThread(
            runtime.scheduler(), runtime.blocking(), bug -> stop("unexpected failure", bug));
    this.log = new FollowerLog(thread);
    this.promises = new Promises(options.timing(), thread.nowNanos());
    this.peers =
        new Peers(
            thread,
            transport,
            options.peers().keySet().stream().filter(name -> !name.equals(options.name())).toList(),
            this::sawTerm);
    this.primaryHeardNanos = thread.nowNanos();
    this.staleness =
        new Staleness(
            thread, peers, header(), timing().vote(), this::primaryName, this::appliedSequence);
  }

  private @Nullable String primaryName() {
    MemberId heard = primary;
    return heard == null || role instanceof Primary ? null : heard.name();
  }

  /** -1 while no store is open. From any thread. */
  long appliedSequence() {
    LogState state = logState();
    return state == null ? -1 : state.applied();
  }

  /** Calls {@code listener} after every change worth telling. */
  void onChange(Runnable listener) {
    onChange = listener;
  }

  /** The directory was opened: begins to take part. */
  void begin(Directory.Opened opened) {
    identity = opened.identity();
    terms = opened.terms();
    prior = opened.prior();
    Store store = local.store();
    if (store != null) {
      opened(store);
    }
    become(new Follower(this));
    SelfRepair starting = new SelfRepair(this);
    repair = starting;
    starting.start();
  }

  /** Null before this member has begun. */
  @Nullable SelfRepair repair() {
    return repair;
  }

  /** A store was opened: it may ask the others for segments that it cannot rebuild. */
  void opened(Store store) {
    store
        .log()
        .fetchWith(
            new PeerSegmentFetcher(
                runtime.scheduler(), peers, header(), peers::names, timing().request()));
  }

  boolean begun() {
    return identity != null;
  }

  Timing timing() {
    return options.timing();
  }

  Header header() {
    return new Header(options.shard(), this::term);
  }

  Identity identity() {
    return Objects.requireNonNull(identity);
  }

  MemberId self() {
    return identity().member();
  }

  Terms terms() {
    return Objects.requireNonNull(terms);
  }

  long term() {
    Terms current = terms;
    return current == null ? 0 : current.term();
  }

  PriorPosition prior() {
    return Objects.requireNonNull(prior);
  }

  Role role() {
    return role;
  }

  @Nullable Store store() {
    return local.store();
  }

  @Nullable LogState logState() {
    Store store = local.store();
    return store == null ? null : store.log().state();
  }

  /** The last record here; empty while no store is open. */
  LogPosition last() {
    LogState state = logState();
    return state == null ? LogPosition.EMPTY : state.last();
  }

  /** What a fence is answered with: how far this member may have acknowledged entries. */
  LogPosition mayHaveAcknowledged() {
    LogPosition before = prior().position();
    LogPosition now = last();
    return before.compareTo(now) > 0 ? before : now;
  }

  /** Whether the log can be read up to what this member may have acknowledged. */
  boolean isSource() {
    return local.store() != null && prior().position().compareTo(last()) <= 0;
  }

  /**
   * Who counts: the newest membership in the log, before the first one those who founded the shard
   * together.
   */
  Quorum quorum() {
    LogState state = logState();
    List<String> recorded = state == null ? List.of() : state.membership();
    if (recorded.isEmpty()) {
      return new Quorum(identity().founders());
    }
    if (!recorded.equals(quorumRecord)) {
      quorumRecord = recorded;
      quorum = new Quorum(MemberId.parseAll(recorded));
    }
    return quorum;
  }

  boolean isVoter() {
    return quorum().includes(self());
  }

  @Nullable MemberId primary() {
    return primary;
  }

  long primaryHeardNanos() {
    return primaryHeardNanos;
  }

  Staleness staleness() {
    return staleness;
  }

  /** From now on it takes no shard over that is handed to it. */
  void stepAside() {
    stepsAside = true;
  }

  boolean stepsAside() {
    return stepsAside;
  }

  @Nullable String damage() {
    return damage;
  }

  /** The primary of the current term was heard, or this member became it. */
  void follow(MemberId heard) {
    primaryHeardNanos = thread.nowNanos();
    if (!heard.equals(primary)) {
      primary = heard;
      onChange.run();
    }
  }

  void forgetPrimary() {
    primary = null;
    onChange.run();
  }

  /** A message showed a term. It binds nobody, but a primary of a lower one has been deposed. */
  void sawTerm(long term) {
    Terms current = terms;
    if (current == null) {
      return;
    }
    current.saw(term);
    if (role instanceof Primary leading && term > leading.term()) {
      leading.depose("term " + term + " was seen");
    }
  }

  /**
   * Persists a new term. On failure the member stops, and false comes back: nothing may be answered
   * that depends on it.
   */
  boolean advance(long term, MemberId holder) {
    try {
      terms().advance(term, holder);
      onChange.run();
      return true;
    } catch (IOException e) {
      stop("the term could not be persisted", e);
      return false;
    }
  }

  /** Persists a changed identity. On failure the member stops, and false comes back. */
  boolean change(Identity changed) {
    if (changed.equals(identity)) {
      return true;
    }
    try {
      changed.store(storage);
      identity = changed;
      onChange.run();
      return true;
    } catch (IOException e) {
      stop("the member's identity could not be persisted", e);
      return false;
    }
  }

  /**
   * Before anything of the log is acknowledged, but after it is durable here: an empty directory
   * under this id is a lost one from now on. Noted earlier, a power cut of all founders between the
   * note and the first record would leave nobody who could begin the shard. On failure the member
   * stops, and false comes back.
   */
  boolean acknowledges() {
    return identity().hasLog() || change(identity().withLog());
  }

  void become(Role next) {
    if (role instanceof Stopped) {
      return;
    }
    role.leave();
    role = next;
    LOG.log(
        System.Logger.Level.INFO, () -> options.name() + ": " + next.detail() + ", term " + term());
    next.enter();
    onChange.run();
  }

  /**
   * Whether this is still the member's role: what comes back to a role that was left is dropped.
   */
  boolean is(Role candidate) {
    return role == candidate;
  }

  void changed() {
    onChange.run();
  }

  /** Ends for good: no task runs and nothing is answered any more. */
  void shutDown() {
    Role before = role;
    role = new Stopped(term(), "closed");
    before.leave();
    onChange.run();
    thread.stop();
  }

  /** Fail-stop. */
  void stop(String reason, Throwable cause) {
    if (role instanceof Stopped) {
      return;
    }
    LOG.log(System.Logger.Level.ERROR, options.name() + " stops: " + reason, cause);
    damage = reason + ": " + cause.getMessage();
    Role before = role;
    role = new Stopped(term(), reason);
    before.leave();
    onChange.run();
  }

  /** A note for the operator's log. */
  void note(System.Logger.Level level, String message) {
    LOG.log(level, () -> options.name() + ": " + message);
  }

  List<MemberId> membership() {
    return identity == null ? List.of() : quorum().membership();
  }
}
