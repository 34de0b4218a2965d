package dev.varve.replication;

import dev.varve.store.LogPosition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One state of the search. Immutable, compared by value.
 *
 * @param leaseTerm the term that the Lease shows
 * @param sent every message ever sent: any may still arrive, again too, or never
 * @param chosen the longest log that was ever called committed
 * @param crashes how many there were
 */
record ExploredState(
    List<Node> nodes, long leaseTerm, Set<Message> sent, List<Long> chosen, int crashes) {

  /** What a member does. */
  enum Doing {
    FOLLOWS,
    FENCES,
    LEADS
  }

  /**
   * A member. All but {@code record} and {@code log} is lost in a crash, the known commit too.
   *
   * @param log the term of each entry, all durable
   * @param fenced what was granted to this candidate
   * @param durableAt up to where which member has acknowledged to this primary
   */
  record Node(
      TermRecord record,
      List<Long> log,
      long committed,
      Doing doing,
      Map<MemberId, LogPosition> fenced,
      long termStart,
      Map<MemberId, Long> durableAt) {

    Node follows(TermRecord followed) {
      return new Node(followed, log, committed, Doing.FOLLOWS, Map.of(), 0, Map.of());
    }

    Node crashed() {
      return new Node(record, log, 0, Doing.FOLLOWS, Map.of(), 0, Map.of());
    }

    Node fences(TermRecord own, Map<MemberId, LogPosition> granted) {
      return new Node(own, log, committed, Doing.FENCES, granted, 0, Map.of());
    }

    Node withLog(List<Long> changed) {
      return new Node(record, changed, committed, doing, fenced, termStart, durableAt);
    }

    Node withCommitted(long now) {
      return new Node(record, log, now, doing, fenced, termStart, durableAt);
    }

    Node leads(List<Long> extended) {
      return new Node(
          record, extended, committed, Doing.LEADS, Map.of(), extended.size(), Map.of());
    }

    Node withDurableAt(Map<MemberId, Long> acknowledged) {
      return new Node(record, log, committed, doing, fenced, termStart, acknowledged);
    }

    TermStarts tail() {
      TermStarts tail = TermStarts.EMPTY;
      for (int i = 0; i < log.size(); i++) {
        tail = tail.extended(log.get(i), i + 1L);
      }
      return tail;
    }
  }

  /** A message. */
  sealed interface Message {
    /** To all. */
    record Fence(long term, int candidate) implements Message {}

    /** Granted. */
    record Fenced(long term, int candidate, int member, LogPosition last) implements Message {}

    /** To all: the whole log after {@code previous}. */
    record Append(long term, int primary, LogPosition previous, List<Long> entries, long committed)
        implements Message {}

    /** The log is durable, and the primary's, up to {@code upTo}. */
    record Acknowledged(long term, int primary, int member, long upTo) implements Message {}
  }

  ExploredState with(int index, Node node) {
    List<Node> changed = new ArrayList<>(nodes);
    changed.set(index, node);
    return new ExploredState(List.copyOf(changed), leaseTerm, sent, chosen, crashes);
  }

  ExploredState sending(Message message) {
    if (sent.contains(message)) {
      return this;
    }
    Set<Message> more = new HashSet<>(sent);
    more.add(message);
    return new ExploredState(nodes, leaseTerm, Set.copyOf(more), chosen, crashes);
  }

  ExploredState withLease(long term) {
    return new ExploredState(nodes, term, sent, chosen, crashes);
  }

  ExploredState choosing(List<Long> longest) {
    return new ExploredState(nodes, leaseTerm, sent, longest, crashes);
  }

  ExploredState withCrash() {
    return new ExploredState(nodes, leaseTerm, sent, chosen, crashes + 1);
  }
}
