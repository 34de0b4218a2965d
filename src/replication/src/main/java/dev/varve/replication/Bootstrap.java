package dev.varve.replication;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * How an empty member comes to know who founds the shard: from the Lease, which holds either the
 * one-time permission to start an empty shard, or who used it. Being empty alone starts nothing.
 */
final class Bootstrap {
  private final LocalMember me;
  private final Follower role;

  Bootstrap(LocalMember me, Follower role) {
    this.me = me;
    this.role = role;
  }

  /**
   * Looks at the Lease again and again until this member knows a membership or follows a primary.
   */
  void start() {
    if (waits()) {
      look();
    }
  }

  private boolean waits() {
    return me.is(role)
        && me.membership().isEmpty()
        && !me.identity().hasLog()
        && !me.identity().imageNeeded();
  }

  private void look() {
    me.thread.when(me.lease.read(), this::consider, this::unreachable);
  }

  private void again() {
    Scheduler.Cancellable _ = me.thread.after(me.timing().bootstrapPoll(), this::start);
  }

  private void unreachable(Throwable failure) {
    me.note(System.Logger.Level.DEBUG, "the Lease could not be read: " + failure);
    again();
  }

  private void consider(LeaseView lease) {
    if (!waits()) {
      return;
    }
    if (!lease.bootstrapMembers().isEmpty()) {
      if (me.self().id().equals(lease.bootstrapMembers().get(me.self().name()))) {
        found(lease.bootstrapMembers());
      } else {
        // The shard was started without this directory: the primary will take it in as a new
        // member.
        again();
      }
    } else if (lease.bootstrapRequested().contains(me.self().name())) {
      askAll(lease);
    } else {
      again();
    }
  }

  private void found(Map<String, String> members) {
    List<MemberId> founders = new ArrayList<>();
    new TreeMap<>(members).forEach((name, id) -> founders.add(new MemberId(name, id)));
    if (me.change(me.identity().foundedBy(founders))) {
      me.note(System.Logger.Level.INFO, "founds the shard with " + founders);
    }
  }

  /**
   * All of the named members must answer, and be empty: the permission is not for a shard that
   * exists.
   */
  private void askAll(LeaseView lease) {
    Map<String, String> members = new LinkedHashMap<>();
    List<CompletableFuture<?>> asked = new ArrayList<>();
    for (String name : lease.bootstrapRequested()) {
      if (name.equals(me.self().name())) {
        members.put(name, me.self().id());
      } else {
        asked.add(
            me.peers
                .ask(
                    name,
                    new Request.DescribeMember(me.options.shard(), me.term()),
                    Response.MemberDescription.class,
                    me.timing().request())
                .thenAccept(
                    description -> {
                      if (description.empty()
                          && description.member().name().equals(name)
                          && description.cluster().equals(me.options.cluster())) {
                        members.put(name, description.member().id());
                      }
                    }));
      }
    }
    me.thread.when(
        CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)),
        all -> {
          if (waits() && members.size() == lease.bootstrapRequested().size() && isEmpty(me)) {
            me.thread.when(
                me.lease.compareAndSet(lease, lease.bootstrappedBy(members)),
                // Read again rather than believed: whoever was first, the Lease says who the
                // founders are.
                done -> look(),
                this::unreachable);
          } else {
            again();
          }
        },
        this::unreachable);
  }

  /** Whether a member has nothing that a shard started anew could lose, and follows nobody. */
  static boolean isEmpty(LocalMember member) {
    return member.store() != null
        && member.last().sequence() == 0
        && member.term() == 0
        && !member.identity().hasLog()
        && !member.identity().imageNeeded()
        && member.identity().founders().isEmpty();
  }
}
