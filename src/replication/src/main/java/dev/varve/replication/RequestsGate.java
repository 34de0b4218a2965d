package dev.varve.replication;

import dev.varve.store.Store;
import java.time.Duration;

/**
 * Has the log remember requests once every member has said that it knows them: an older version
 * would take the record of a request for the end of the log. On the scheduler only.
 */
final class RequestsGate {
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final LocalMember me;
  private final Primary role;
  private final Store store;
  private final Shipping shipping;
  private boolean proposed;

  RequestsGate(LocalMember me, Primary role, Store store, Shipping shipping) {
    this.me = me;
    this.role = role;
    this.store = store;
    this.shipping = shipping;
  }

  /** Once the term's first record is committed. Looks until it is done, or the role is left. */
  void start() {
    if (!me.is(role) || store.remembersRequests()) {
      return;
    }
    if (!proposed && !role.isHandingOver() && everybodyKnows()) {
      proposed = true;
      me.thread.when(
          store.rememberRequests(),
          done -> me.changed(),
          failure -> {
            proposed = false;
            me.note(System.Logger.Level.WARNING, "requests are not remembered yet: " + failure);
          });
    }
    Scheduler.Cancellable _ = me.thread.after(LOOK_EVERY, this::start);
  }

  private boolean everybodyKnows() {
    return me.quorum().membership().stream()
        .allMatch(
            member -> {
              Progress there = shipping.of(member);
              return member.equals(me.self()) || (there != null && there.knowsRequests());
            });
  }
}
