package dev.varve.replication;

import org.jspecify.annotations.Nullable;

/**
 * Keeps the Lease of a primary renewed, and tells it when another took a higher term there. That
 * the Lease cannot be reached tells nothing: as long as a majority hears the primary, it goes on.
 */
final class LeaseKeeper {
  private final LocalMember me;
  private final Primary role;
  private boolean asking;

  LeaseKeeper(LocalMember me, Primary role) {
    this.me = me;
    this.role = role;
  }

  void start() {
    renewLater();
  }

  private void renewLater() {
    Scheduler.Cancellable _ = me.thread.after(me.timing().leaseRenewal(), this::renew);
  }

  private void renew() {
    if (!me.is(role)) {
      return;
    }
    renewLater();
    if (asking) {
      return;
    }
    asking = true;
    me.thread.when(me.lease.read(), this::consider, this::failed);
  }

  private void consider(LeaseView lease) {
    if (!me.is(role)) {
      return;
    }
    me.sawTerm(lease.term());
    if (!me.is(role)) {
      return;
    }
    if (lease.term() == role.term() && !me.self().name().equals(lease.holder())) {
      // The Lease was made anew and this term handed out once more: the members refuse that second
      // holder.
      me.note(
          System.Logger.Level.WARNING,
          "the Lease names " + lease.holder() + " in this term; renews it");
    }
    me.thread.when(
        me.lease.compareAndSet(
            lease, lease.heldBy(me.self().name(), role.term(), me.runtime.clock().nowMs())),
        renewed -> asking = false,
        this::failed);
  }

  private void failed(@Nullable Throwable failure) {
    asking = false;
    me.note(System.Logger.Level.DEBUG, "the Lease was not renewed: " + failure);
  }
}
