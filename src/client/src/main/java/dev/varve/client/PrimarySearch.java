package dev.varve.client;

import dev.varve.protocol.v1.StatusResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Looks for a shard's primary for all who wait for it: asks every known member at once, and every
 * member that it learns of on the way, and asks again each {@value #AGAIN_MS} ms whoever has
 * answered. The first that says it is the primary ends it. A member that hangs is waited for by
 * nobody: it is asked again once its call has ended.
 */
final class PrimarySearch {
  private static final long AGAIN_MS = 200;
  private static final long AGAIN_NANOS = Duration.ofMillis(AGAIN_MS).toNanos();

  private record Waiting(CompletableFuture<Address> future, long deadlineNanos) {}

  private final PrimaryFinder finder;
  private final int shard;
  private final List<Waiting> waiting = new ArrayList<>();
  private final List<CompletableFuture<Integer>> firstAnswer = new ArrayList<>();
  private final Set<Address> pending = new HashSet<>();
  private final Map<Address, String> answers = new LinkedHashMap<>();
  private final Set<Address> refusedHandshake = new HashSet<>();
  private boolean reached;
  private boolean ended;

  PrimarySearch(PrimaryFinder finder, int shard) {
    this.finder = finder;
    this.shard = shard;
  }

  /**
   * Lets a caller wait for the primary until a deadline; false if the search has ended.
   *
   * @param deadlineNanos by {@link System#nanoTime}; then the future fails with what each member
   *     answered last
   */
  synchronized boolean join(CompletableFuture<Address> future, long deadlineNanos) {
    return !ended && waiting.add(new Waiting(future, deadlineNanos));
  }

  /**
   * Lets a caller wait for the number of shards, which any member's answer tells; it fails when all
   * that were asked have failed. False if the search has ended.
   */
  synchronized boolean joinForAnswer(CompletableFuture<Integer> future) {
    return !ended && firstAnswer.add(future);
  }

  /** Asks all; to be called once somebody has joined. */
  void start() {
    ask(false);
    lookAgain();
  }

  private void ask(boolean onlyWhoIsNew) {
    List<Address> asked = new ArrayList<>();
    synchronized (this) {
      if (ended) {
        return;
      }
      for (Address address : finder.topology().members()) {
        if (!(onlyWhoIsNew && answers.containsKey(address)) && pending.add(address)) {
          asked.add(address);
        }
      }
    }
    for (Address address : asked) {
      try {
        var _ =
            finder
                .status(address)
                .whenComplete((status, failure) -> heard(address, status, failure));
      } catch (IllegalStateException e) { // the client was closed meanwhile
        closed(e);
        return;
      }
    }
  }

  private void heard(
      Address address, @Nullable StatusResponse status, @Nullable Throwable failure) {
    List<CompletableFuture<Integer>> answered = List.of();
    synchronized (this) {
      pending.remove(address);
      answers.put(address, describe(status, failure));
      if (failure instanceof VarveException e && e.reason() == Reason.HANDSHAKE_FAILED) {
        refusedHandshake.add(address);
      } else {
        refusedHandshake.remove(address);
      }
      if (status != null) {
        reached = true;
        answered = List.copyOf(firstAnswer);
        firstAnswer.clear();
      }
    }
    // Outside the lock, and before it can end: who waited for the number of shards may wait for the
    // primary next.
    int shards = finder.topology().shards();
    answered.forEach(future -> future.complete(shards));
    Topology.Primary found = finder.topology().primary(shard).orElse(null);
    if (found != null) {
      end(found.address());
    } else {
      ask(true); // those whom this answer has just named
      failWhenAllHave();
    }
  }

  private void failWhenAllHave() {
    List<CompletableFuture<?>> failed = new ArrayList<>();
    VarveException failure;
    boolean hopeless;
    synchronized (this) {
      if (!pending.isEmpty() || ended) {
        return;
      }
      failed.addAll(firstAnswer);
      firstAnswer.clear();
      failure = noPrimary();
      hopeless = nobodyAcceptsUs();
      if (hopeless) { // asking again until the deadline would only hide why
        ended = true;
        waiting.forEach(one -> failed.add(one.future()));
        waiting.clear();
      }
    }
    if (hopeless) {
      finder.ended(shard, this);
    }
    failed.forEach(future -> future.completeExceptionally(failure));
  }

  private void lookAgain() {
    long now = System.nanoTime();
    long pause = finder.jittered(AGAIN_NANOS);
    synchronized (this) {
      for (Waiting one : waiting) {
        pause = Math.min(pause, Math.max(0, one.deadlineNanos() - now));
      }
    }
    try {
      finder.later(this::again, pause);
    } catch (RejectedExecutionException e) {
      closed(new IllegalStateException("the client is closed", e));
    }
  }

  private void again() {
    long now = System.nanoTime();
    List<Waiting> late = new ArrayList<>();
    VarveException failure;
    synchronized (this) {
      waiting.removeIf(one -> one.deadlineNanos() - now <= 0 && late.add(one));
      failure = noPrimary();
      ended |= waiting.isEmpty() && firstAnswer.isEmpty();
    }
    late.forEach(one -> one.future().completeExceptionally(failure));
    if (ended()) {
      finder.ended(shard, this);
    } else {
      ask(false);
      lookAgain();
    }
  }

  private synchronized boolean ended() {
    return ended;
  }

  private void end(Address primary) {
    List<Waiting> found;
    synchronized (this) {
      ended = true;
      found = List.copyOf(waiting);
      waiting.clear();
    }
    finder.ended(shard, this);
    found.forEach(one -> one.future().complete(primary));
  }

  void close() {
    closed(new IllegalStateException("the client is closed"));
  }

  private void closed(IllegalStateException failure) {
    List<CompletableFuture<?>> all = new ArrayList<>();
    synchronized (this) {
      ended = true;
      waiting.forEach(one -> all.add(one.future()));
      all.addAll(firstAnswer);
      waiting.clear();
      firstAnswer.clear();
    }
    finder.ended(shard, this);
    all.forEach(future -> future.completeExceptionally(failure));
  }

  /** All who were asked have answered, and each with a failed handshake. */
  private boolean nobodyAcceptsUs() {
    return pending.isEmpty()
        && !refusedHandshake.isEmpty()
        && refusedHandshake.containsAll(answers.keySet());
  }

  private VarveException noPrimary() {
    List<String> said = new ArrayList<>();
    answers.forEach(
        (address, answer) -> {
          if (!pending.contains(address)) {
            said.add(address + " " + answer);
          }
        });
    pending.forEach(address -> said.add(address + " has not answered yet"));
    String message = "no primary of shard " + shard + " found: " + String.join("; ", said);
    if (nobodyAcceptsUs()) {
      return new RefusedException(Reason.HANDSHAKE_FAILED, message, Map.of(), null);
    }
    return reached
        ? new NotPrimaryException(Reason.NO_PRIMARY, message, Map.of(), null)
        : new UnavailableException(Reason.UNREACHABLE, message, Map.of(), null);
  }

  private static String describe(@Nullable StatusResponse status, @Nullable Throwable failure) {
    if (status == null) {
      return failure == null ? "did not answer" : String.valueOf(failure.getMessage());
    }
    String role = status.getRole().name().replace("ROLE_", "").toLowerCase(Locale.ROOT);
    return "is a " + role + " of shard " + status.getShard() + ", term " + status.getTerm();
  }
}
