package dev.varve.client;

import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.BackupChunk;
import dev.varve.protocol.v1.BackupRequest;
import dev.varve.protocol.v1.CheckpointRequest;
import dev.varve.protocol.v1.CheckpointResponse;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.Endpoint;
import dev.varve.protocol.v1.EventsRequest;
import dev.varve.protocol.v1.PlanRequest;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusResponse;
import dev.varve.protocol.v1.StepDownRequest;
import dev.varve.protocol.v1.StepDownResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Operating a store. Made by {@link VarveClient#admin}; closed with it. Every method may throw
 * {@link VarveException}.
 */
public final class VarveAdmin {
  private static final Duration PLAN_LIMIT = Duration.ofSeconds(60);
  private static final Duration CHECKPOINT_LIMIT = Duration.ofMinutes(5);
  private static final Duration STEP_DOWN_LIMIT = Duration.ofSeconds(30);

  /**
   * On top of a run's own limit, so that the server's TIMEOUT event arrives rather than our
   * deadline.
   */
  private static final Duration COMPACT_GRACE = Duration.ofSeconds(20);

  private final CallRunner runner;
  private final Streams streams;

  VarveAdmin(CallRunner runner, Streams streams) {
    this.runner = runner;
    this.streams = streams;
  }

  /** How many shards the store has. */
  public int shards() {
    return runner.await(runner.finder().shards(), CallKind.READ);
  }

  /** What the member at one address says of itself, without following anything. */
  public StatusResponse status(Address address) {
    return runner.await(runner.finder().status(address), CallKind.READ);
  }

  /**
   * The last committed sequence that a shard's primary knows of: a watch after it tells of what is
   * written from now on. Looks for the primary as long as a call may take.
   */
  public long committedSequence(int shard) {
    Backoff backoff = runner.backoff();
    long deadline = System.nanoTime() + runner.repeatNanos();
    for (; ; ) {
      Address address = runner.await(runner.finder().primary(shard, deadline), CallKind.READ);
      VarveException error;
      try {
        StatusResponse status = status(address);
        if (status.getRole() == Role.ROLE_PRIMARY && status.getShard() == shard) {
          return status.getCommittedSequence();
        }
        error =
            new NotPrimaryException(
                Reason.NO_PRIMARY,
                address + " is not the primary of shard " + shard + " any more",
                Map.of(),
                null);
      } catch (VarveException e) {
        error = e;
      }
      runner.finder().doubt(shard, address);
      long pause = backoff.nextNanos();
      if (!Errors.mayRepeat(error) || pause >= deadline - System.nanoTime()) {
        throw error;
      }
      runner.pause(pause);
    }
  }

  /**
   * Asks every member of the topology, and the endpoints first, all at once. A member that does not
   * answer is in the list with its failure; one that was reached by two addresses is there once.
   *
   * @return ordered by shard and name; empty never
   */
  public List<MemberStatus> statusOfAll() {
    Map<Address, CompletableFuture<MemberStatus>> answers = new LinkedHashMap<>();
    Map<String, MemberStatus> byMember = new HashMap<>();
    List<MemberStatus> silent = new ArrayList<>();
    Map<Address, Endpoint> named = new HashMap<>();
    boolean grown = true;
    while (grown) { // a second round asks whom the first one named
      for (Address address : runner.finder().topology().members()) {
        answers.computeIfAbsent(address, this::ask);
      }
      for (CompletableFuture<MemberStatus> answer : List.copyOf(answers.values())) {
        StatusResponse status = runner.await(answer, CallKind.READ).status();
        if (status != null) {
          for (Endpoint endpoint : status.getTopologyList()) {
            Topology.address(endpoint.getAddress()).ifPresent(a -> named.put(a, endpoint));
          }
        }
      }
      grown = answers.size() < runner.finder().topology().members().size();
    }
    for (CompletableFuture<MemberStatus> answer : answers.values()) {
      MemberStatus member = runner.await(answer, CallKind.READ);
      if (member.status() == null) {
        silent.add(member);
      } else {
        byMember.merge(
            member.shard() + "/" + member.member(),
            member,
            (known, other) -> named.containsKey(known.address()) ? known : other);
      }
    }
    List<MemberStatus> all = new ArrayList<>(byMember.values());
    for (MemberStatus member : silent) {
      Endpoint endpoint = named.get(member.address());
      if (endpoint == null) {
        if (all.isEmpty() || named.isEmpty()) {
          all.add(member);
        }
      } else if (!byMember.containsKey(endpoint.getShard() + "/" + endpoint.getMember())) {
        all.add(
            new MemberStatus(
                endpoint.getMember(),
                endpoint.getShard(),
                member.address(),
                null,
                member.failure()));
      }
    }
    all.sort(Comparator.comparingInt(MemberStatus::shard).thenComparing(MemberStatus::member));
    return all;
  }

  private CompletableFuture<MemberStatus> ask(Address address) {
    return runner
        .finder()
        .status(address)
        .handle(
            (status, failure) -> {
              if (status != null) {
                return new MemberStatus(
                    status.getMember(), status.getShard(), address, status, null);
              }
              Throwable cause =
                  failure instanceof CompletionException && failure.getCause() != null
                      ? failure.getCause()
                      : failure;
              return new MemberStatus(
                  address.toString(), -1, address, null, Errors.of(cause, CallKind.READ, true));
            });
  }

  /** What the primary's compaction would do, and why or why not; changes nothing. */
  public PlanResponse plan(int shard, CompactRequest compaction) {
    return runner.await(
        runner.onPrimary(
            AdminGrpc.getPlanMethod(),
            PlanRequest.newBuilder().setCompaction(compaction).build(),
            CallKind.OPERATION,
            shard,
            PLAN_LIMIT),
        CallKind.OPERATION);
  }

  /**
   * Starts a compaction on the shard's primary and follows it. Closing the stream aborts the run,
   * which the server rolls back; so does a lost connection. With an expected term the call is not
   * taken to another primary: that would be of another term.
   *
   * @throws NotPrimaryException when the member asked is not the primary and there is an expected
   *     term
   * @throws StaleTermException when the term is not the expected one
   */
  public MessageStream<CompactionEvent> compact(int shard, CompactRequest request) {
    Duration limit =
        request.getTimeoutMs() > 0
            ? Duration.ofMillis(request.getTimeoutMs()).plus(COMPACT_GRACE)
            : null;
    return streams.open(
        AdminGrpc.getCompactMethod(),
        request,
        CallKind.OPERATION,
        shard,
        limit,
        null,
        request.getExpectedTerm() == 0);
  }

  /** Makes a durable recovery point on the primary, which also deletes retired segments. */
  public CheckpointResponse checkpoint(int shard) {
    return runner.await(
        runner.onPrimary(
            AdminGrpc.getCheckpointMethod(),
            CheckpointRequest.getDefaultInstance(),
            CallKind.OPERATION,
            shard,
            CHECKPOINT_LIMIT),
        CallKind.OPERATION);
  }

  /**
   * Has the shard's primary hand over, and returns when another leads. Writes pause for less than a
   * second as a rule. Not repeated once it may have been done: a second one would hand the shard
   * on, or back. Where no replica can take over, it is asked again until the client's time-out.
   *
   * @param to the name of the member that shall lead, which may be the primary itself; null: the
   *     most advanced replica
   * @throws OutcomeUnknownException when no answer came, or the primary stopped leading and heard
   *     of no other in time
   * @throws InvalidRequestException when the shard has no such member
   */
  public StepDownResponse stepDown(int shard, @Nullable String to) {
    return runner.await(
        runner.onPrimary(
            AdminGrpc.getStepDownMethod(),
            StepDownRequest.newBuilder().setToMember(to == null ? "" : to).build(),
            CallKind.WRITE,
            shard,
            STEP_DOWN_LIMIT),
        CallKind.WRITE);
  }

  /**
   * The primary's last compaction events, oldest first; with {@code follow} the stream goes on with
   * new ones.
   */
  public MessageStream<CompactionEvent> events(int shard, EventsRequest request) {
    @Nullable Duration idle = request.getFollow() ? null : Streams.IDLE_LIMIT;
    return streams.open(
        AdminGrpc.getEventsMethod(), request, CallKind.READ, shard, null, idle, true);
  }

  /**
   * A consistent copy of the shard's files from its primary, as of one committed sequence, while
   * writes and compaction go on. The last file is named {@code _backup} and lists all others with
   * their lengths and CRC32C; a stream that breaks off before it has given no backup. Each chunk's
   * CRC32C is the caller's to compare.
   */
  public MessageStream<BackupChunk> backup(int shard) {
    return streams.open(
        AdminGrpc.getBackupMethod(),
        BackupRequest.getDefaultInstance(),
        CallKind.READ,
        shard,
        null,
        Streams.IDLE_LIMIT,
        true);
  }
}
