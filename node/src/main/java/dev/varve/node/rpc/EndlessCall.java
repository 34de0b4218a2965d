package dev.varve.node.rpc;

import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.replication.NotPrimaryException;
import dev.varve.store.StoreClosedException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What ends a call that would go on for ever: the node stops, this member is the primary no longer,
 * or its store was closed to take another's place. It wakes the call then.
 */
final class EndlessCall {
  /** How often it looks whether this is still the primary. */
  private static final Duration LOOK = Duration.ofMillis(500);

  private final Member member;
  private final ScheduledExecutorService timer;
  private final Runnable wake;
  private volatile Runnable forgetGate = () -> {};
  private volatile boolean stopping;
  private volatile boolean ended;

  EndlessCall(Member member, ScheduledExecutorService timer, Runnable wake) {
    this.member = member;
    this.timer = timer;
    this.wake = wake;
  }

  /**
   * Begins to look.
   *
   * @param due asked at each look, some times a second; true wakes the call
   */
  void begin(CallGate gate, BooleanSupplier due) {
    forgetGate = gate.whenClosed(this::stop);
    if (ended) {
      forgetGate.run(); // it ended before there was anything to forget
    }
    look(due);
  }

  private void look(BooleanSupplier due) {
    var _ =
        timer.schedule(
            () -> {
              if (ended) {
                return;
              }
              if (due.getAsBoolean() || member.status().role() != MemberRole.PRIMARY) {
                wake.run();
              }
              look(due);
            },
            LOOK.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  private void stop() {
    stopping = true;
    wake.run();
  }

  /** Whether the call may go on. */
  void require() throws NotPrimaryException, RefusedException {
    MemberStatus status = member.status();
    if (status.role() != MemberRole.PRIMARY) {
      throw new NotPrimaryException(status.primary(), status.primaryAddress(), status.term());
    }
    if (stopping) {
      throw new RefusedException(Reason.SHUTTING_DOWN, CallGate.MESSAGE, Map.of());
    }
  }

  /**
   * What to say of a failure: a store is closed under a call as well because its member is the
   * primary no longer and takes another's place.
   */
  Exception reason(Exception failure) {
    if (failure instanceof StoreClosedException) {
      try {
        require();
      } catch (NotPrimaryException | RefusedException e) {
        return e;
      }
    }
    return failure;
  }

  /** There is more to read, or never will be; on the store's writer. */
  void more(Void ok, @Nullable Throwable failure) {
    if (failure instanceof StoreClosedException) {
      stopping = true;
    }
    wake.run();
  }

  /** The call has ended: it is woken no more. */
  void end() {
    ended = true;
    forgetGate.run();
  }
}
