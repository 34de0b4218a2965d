package dev.varve.replication;

import dev.varve.replication.ExploredState.Doing;
import dev.varve.replication.ExploredState.Message;
import dev.varve.replication.ExploredState.Node;
import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Goes through every state that three members can reach within bounds, breadth first, with the
 * rules deciding. A violation comes with the shortest trace to it.
 */
final class Explorer {
  /** How far the search goes. */
  record Bounds(long terms, int entries, int crashes, int statesMax) {}

  /** What was found. */
  record Result(
      int states,
      boolean complete,
      int leaders,
      int cuts,
      int commits,
      @Nullable String violation) {}

  private record Came(@Nullable ExploredState from, String step) {}

  private static final List<MemberId> MEMBERS =
      List.of(new MemberId("a", "1"), new MemberId("b", "2"), new MemberId("c", "3"));
  private static final Quorum QUORUM = new Quorum(MEMBERS);

  private final ExploredRules rules;
  private final Bounds bounds;
  private final Map<ExploredState, Came> seen = new HashMap<>();
  private final Deque<ExploredState> open = new ArrayDeque<>();
  private final Set<Long> leaders = new HashSet<>();
  private int cuts;
  private int commits;
  private @Nullable String violation;

  Explorer(ExploredRules rules, Bounds bounds) {
    this.rules = rules;
    this.bounds = bounds;
  }

  Result run() {
    Node empty = new Node(TermRecord.NONE, List.of(), 0, Doing.FOLLOWS, Map.of(), 0, Map.of());
    ExploredState start =
        new ExploredState(List.of(empty, empty, empty), 0, Set.of(), List.of(), 0);
    seen.put(start, new Came(null, "start"));
    open.add(start);
    while (!open.isEmpty() && violation == null && seen.size() < bounds.statesMax()) {
      expand(open.remove());
    }
    return new Result(seen.size(), open.isEmpty(), leaders.size(), cuts, commits, violation);
  }

  private void expand(ExploredState state) {
    for (int i = 0; i < MEMBERS.size(); i++) {
      Node node = state.nodes().get(i);
      stand(state, i, node);
      decide(state, i, node);
      write(state, i, node);
      push(state, i, node);
      if (state.crashes() < bounds.crashes()) {
        reach(state, state.withCrash().with(i, node.crashed()), name(i) + " crashes");
      }
      for (Message message : state.sent()) {
        deliver(state, i, node, message);
      }
    }
  }

  /** Pre-votes only keep candidates from disturbing: the search lets anybody stand at any time. */
  private void stand(ExploredState state, int i, Node node) {
    long term = Votes.next(node.record().term(), state.leaseTerm());
    if (term > bounds.terms() || !rules.admits(node.record(), term, MEMBERS.get(i))) {
      return;
    }
    Map<MemberId, LogPosition> own = Map.of(MEMBERS.get(i), node.tail().last());
    ExploredState next =
        state
            .withLease(term)
            .with(i, node.fences(new TermRecord(term, MEMBERS.get(i)), own))
            .sending(new Message.Fence(term, i));
    reach(state, next, name(i) + " takes term " + term);
  }

  private void decide(ExploredState state, int i, Node node) {
    if (node.doing() != Doing.FENCES) {
      return;
    }
    long term = node.record().term();
    Map<MemberId, Response.FenceAnswer> answers = new LinkedHashMap<>();
    node.fenced()
        .forEach(
            (member, last) ->
                answers.put(
                    member,
                    new Response.FenceAnswer(term, member, true, MEMBERS.get(i), last, true, "")));
    FenceCount.Verdict verdict = rules.count(QUORUM, MEMBERS.get(i), answers, node.tail().last());
    if (verdict instanceof FenceCount.Verdict.CatchUp(String source, LogPosition upTo)) {
      Node from = state.nodes().get("abc".indexOf(source));
      if (from.tail().last().compareTo(upTo) >= 0) {
        ExploredState next = takeLog(state, i, node, LogPosition.EMPTY, from.log());
        if (next != null) {
          reach(state, next, name(i) + " catches up from " + source);
        }
      }
    } else if (verdict instanceof FenceCount.Verdict.Lead()
        && node.log().size() < bounds.entries()) {
      leaders.add(term);
      List<Long> log = new ArrayList<>(node.log());
      log.add(term);
      // A late leader of a lower term than what was committed can commit nothing, and lacks it.
      List<Long> earlier = state.chosen().stream().filter(of -> of < term).toList();
      if (!startsWith(node.log(), earlier)) {
        fail(state, name(i) + " leads term " + term + " without " + earlier);
        return;
      }
      reach(state, state.with(i, node.leads(List.copyOf(log))), name(i) + " leads term " + term);
    }
  }

  private void write(ExploredState state, int i, Node node) {
    if (node.doing() == Doing.LEADS && node.log().size() < bounds.entries()) {
      List<Long> log = new ArrayList<>(node.log());
      log.add(node.record().term());
      reach(state, state.with(i, node.withLog(List.copyOf(log))), name(i) + " writes");
    }
  }

  private void push(ExploredState state, int i, Node node) {
    if (node.doing() != Doing.LEADS) {
      return;
    }
    for (int from = 0; from < node.log().size(); from++) {
      for (int to = from + 1; to <= node.log().size(); to++) {
        Message append =
            new Message.Append(
                node.record().term(),
                i,
                node.tail().positionAt(from),
                List.copyOf(node.log().subList(from, to)),
                node.committed());
        reach(state, state.sending(append), name(i) + " sends " + append);
      }
    }
  }

  private void deliver(ExploredState state, int i, Node node, Message message) {
    switch (message) {
      case Message.Fence(long term, int candidate) -> {
        if (candidate != i && rules.admits(node.record(), term, MEMBERS.get(candidate))) {
          Node after = node;
          if (term > node.record().term()) {
            after = node.follows(new TermRecord(term, MEMBERS.get(candidate)));
          }
          LogPosition last = rules.fenceAnswer(after.record(), after.tail());
          reach(
              state,
              state.with(i, after).sending(new Message.Fenced(term, candidate, i, last)),
              name(i) + " grants " + message);
        }
      }
      case Message.Fenced(long term, int candidate, int member, LogPosition last) -> {
        if (candidate == i && node.doing() == Doing.FENCES && node.record().term() == term) {
          Map<MemberId, LogPosition> more = new HashMap<>(node.fenced());
          more.put(MEMBERS.get(member), last);
          reach(
              state,
              state.with(i, node.fences(node.record(), Map.copyOf(more))),
              name(i) + " counts " + message);
        }
      }
      case Message.Append append -> take(state, i, node, append);
      case Message.Acknowledged(long term, int primary, int member, long upTo) -> {
        if (primary == i && node.doing() == Doing.LEADS && node.record().term() == term) {
          acknowledged(state, i, node, MEMBERS.get(member), upTo);
        }
      }
    }
  }

  private void take(ExploredState state, int i, Node node, Message.Append append) {
    MemberId primary = MEMBERS.get(append.primary());
    if (append.primary() == i || !rules.admits(node.record(), append.term(), primary)) {
      return;
    }
    Node following = node;
    if (append.term() > node.record().term() || node.doing() != Doing.FOLLOWS) {
      following = node.follows(new TermRecord(append.term(), primary));
    }
    ExploredState taken = takeLog(state, i, following, append.previous(), append.entries());
    if (taken == null) {
      reach(state, state.with(i, following), name(i) + " cannot take " + append);
      return;
    }
    long upTo = append.previous().sequence() + append.entries().size();
    Node after = taken.nodes().get(i);
    long committed = Math.max(after.committed(), Math.min(append.committed(), upTo));
    reach(
        state,
        taken
            .with(i, after.withCommitted(committed))
            .sending(new Message.Acknowledged(append.term(), append.primary(), i, upTo)),
        name(i) + " takes " + append);
  }

  /** Null if nothing can be taken. */
  private @Nullable ExploredState takeLog(
      ExploredState state, int i, Node node, LogPosition previous, List<Long> terms) {
    List<LogEntry> entries = new ArrayList<>();
    for (int k = 0; k < terms.size(); k++) {
      entries.add(new LogEntry(previous.sequence() + 1 + k, terms.get(k), List.of()));
    }
    Taking decided = rules.take(node.tail(), previous, entries);
    if (decided == null) {
      return null;
    }
    List<Long> log = new ArrayList<>(node.log().subList(0, (int) decided.keep()));
    decided.fresh().forEach(entry -> log.add(entry.term()));
    if (decided.cut()) {
      cuts++;
      if (decided.keep() < node.committed()) {
        fail(state, name(i) + " cuts to " + decided.keep() + " what is committed");
      }
    }
    return state.with(i, node.withLog(List.copyOf(log)));
  }

  private void acknowledged(ExploredState state, int i, Node node, MemberId member, long upTo) {
    Map<MemberId, Long> durableAt = new HashMap<>(node.durableAt());
    durableAt.merge(member, upTo, Math::max);
    long committed =
        rules.commit(
            QUORUM,
            node.termStart(),
            node.committed(),
            of -> of.equals(MEMBERS.get(i)) ? node.log().size() : durableAt.getOrDefault(of, 0L));
    String step = name(i) + " hears that " + member.name() + " has " + upTo;
    Node after = node.withDurableAt(Map.copyOf(durableAt)).withCommitted(committed);
    ExploredState next = state.with(i, after);
    if (committed > node.committed()) {
      commits++;
      List<Long> prefix = List.copyOf(node.log().subList(0, (int) committed));
      if (!startsWith(prefix, state.chosen()) && !startsWith(state.chosen(), prefix)) {
        fail(state, step + " and commits " + prefix + " beside " + state.chosen());
        return;
      }
      if (state.nodes().stream().filter(has -> startsWith(has.log(), prefix)).count() < 2) {
        fail(state, step + " and commits " + prefix + ", which no majority has");
        return;
      }
      if (prefix.size() > state.chosen().size()) {
        next = next.choosing(prefix);
      }
    }
    reach(state, next, step);
  }

  private void reach(ExploredState from, ExploredState to, String step) {
    if (violation == null && seen.putIfAbsent(to, new Came(from, step)) == null) {
      open.add(to);
    }
  }

  private void fail(ExploredState state, String what) {
    if (violation != null) {
      return;
    }
    Deque<String> trace = new ArrayDeque<>();
    trace.push(what);
    ExploredState at = state;
    while (at != null) {
      Came came = seen.get(at);
      if (came == null) {
        break;
      }
      trace.push(came.step());
      at = came.from();
    }
    violation = String.join("\n", trace);
  }

  private static boolean startsWith(List<Long> log, List<Long> prefix) {
    return log.size() >= prefix.size() && log.subList(0, prefix.size()).equals(prefix);
  }

  private static String name(int i) {
    return MEMBERS.get(i).name();
  }
}
