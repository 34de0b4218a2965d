package dev.varve.replication;

import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import dev.varve.store.ShardLog;
import dev.varve.store.manifest.TermStart;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A primary's sending: heartbeats to all, and to each the entries that it lacks. What is under way
 * to one member is bounded; a member that falls behind what the log keeps in memory is told to copy
 * files. On the scheduler only.
 */
final class Shipping {
  private static final int APPEND_BYTES = 1 << 20;

  private final LocalMember me;
  private final ShardLog log;
  private final long term;
  private final Runnable onAnswer;
  private final Map<String, Progress> progress = new LinkedHashMap<>();
  private TermStarts sent;
  private long committed;
  private boolean stopped;

  /**
   * @param base the log before the term's first entry
   * @param onAnswer called after an answer changed what is acknowledged
   */
  Shipping(LocalMember me, ShardLog log, long term, TermStarts base, Runnable onAnswer) {
    this.me = me;
    this.log = log;
    this.term = term;
    this.sent = base;
    this.onAnswer = onAnswer;
    for (String peer : me.peers.names()) {
      progress.put(peer, new Progress(peer, base.last(), me.thread.nowNanos()));
    }
  }

  void stop() {
    stopped = true;
  }

  Collection<Progress> all() {
    return progress.values();
  }

  /**
   * The progress of the directory with that very id; null if the name now answers under another, or
   * not at all.
   */
  @Nullable Progress of(MemberId member) {
    Progress candidate = progress.get(member.name());
    return candidate != null && member.equals(candidate.member()) ? candidate : null;
  }

  /** The last entry given out to be sent. */
  LogPosition last() {
    return sent.last();
  }

  /** The log has grown. */
  void appended(LogPosition first, LogPosition last) {
    List<TermStart> starts = sent.starts();
    if (sent.last().term() != first.term()) {
      starts = new ArrayList<>(starts);
      starts.add(new TermStart(first.term(), first.sequence()));
    }
    sent = new TermStarts(starts, last);
    progress.values().forEach(this::pump);
  }

  void committed(long sequence) {
    committed = sequence;
  }

  void heartbeat() {
    for (Progress member : progress.values()) {
      long now = me.thread.nowNanos();
      me.thread.when(
          me.peers.ask(
              member.name,
              append(member.next(), List.of()),
              Response.AppendAnswer.class,
              me.timing().request()),
          answer -> heartbeatAnswered(member, answer, now),
          failure -> {});
    }
  }

  private void heartbeatAnswered(Progress member, Response.AppendAnswer answer, long sentNanos) {
    if (!note(member, answer, sentNanos)) {
      return;
    }
    if (answer.outcome() == Response.AppendOutcome.ACCEPTED
        && member.mode() == Progress.Mode.PAUSED) {
      member.probe(sent.holds(answer.last()) ? answer.last() : member.next());
    }
    member.level(answer.durable());
    pump(member);
    onAnswer.run();
  }

  private void pump(Progress member) {
    while (!stopped && member.maySend() && member.next().sequence() < sent.last().sequence()) {
      List<LogEntry> entries = log.read(member.next().sequence(), APPEND_BYTES);
      if (entries == null) {
        orderImage(member);
        return;
      }
      if (entries.isEmpty()) {
        return;
      }
      send(member, entries);
    }
  }

  private void send(Progress member, List<LogEntry> entries) {
    int bytes = entries.stream().mapToInt(LogEntry::bytes).sum();
    LogPosition upTo = new LogPosition(entries.getLast().term(), entries.getLast().sequence());
    Request.Append request = append(member.next(), entries);
    member.sent(upTo, bytes);
    int round = member.round();
    long now = me.thread.nowNanos();
    me.thread.when(
        me.peers.ask(member.name, request, Response.AppendAnswer.class, me.timing().request()),
        answer -> {
          if (note(member, answer, now)) {
            if (member.round() == round) {
              steer(member, answer, request.previous(), upTo, bytes);
            }
            onAnswer.run();
          }
        },
        failure -> {
          if (member.round() == round) {
            member.probe(sent.positionAt(Math.max(member.acknowledged(), 0)));
            member.pause();
          }
        });
  }

  private void steer(
      Progress member,
      Response.AppendAnswer answer,
      LogPosition previous,
      LogPosition upTo,
      int bytes) {
    switch (answer.outcome()) {
      case ACCEPTED -> {
        member.accepted(upTo, bytes);
        pump(member);
      }
      case MISMATCH -> {
        long common = sent.divergesFrom(new TermStarts(answer.termStarts(), answer.last()));
        // One of several overtook what it continues, which has arrived by now: no contradiction.
        boolean overtook = member.mode() == Progress.Mode.STREAMING;
        boolean nearer = common != previous.sequence();
        member.probe(sent.positionAt(common));
        if (nearer || overtook) {
          pump(member);
        } else {
          member.pause();
        }
      }
      case BUSY, REFUSED -> {
        member.probe(previous);
        member.pause();
      }
    }
  }

  private void orderImage(Progress member) {
    member.pause();
    me.thread.when(
        me.peers.ask(
            member.name,
            new Request.InstallImage(me.options.shard(), term, me.self()),
            Response.InstallImageAnswer.class,
            me.timing().request()),
        answer -> {},
        failure -> me.note(System.Logger.Level.DEBUG, member.name + " took no image: " + failure));
  }

  /** Whether the answer counts: from the directory that is there now, and given to this primary. */
  private boolean note(Progress member, Response.AppendAnswer answer, long sentNanos) {
    if (stopped
        || answer.term() != term
        || answer.outcome() == Response.AppendOutcome.REFUSED
        || !answer.member().name().equals(member.name)) {
      return false;
    }
    member.knowsRequests(answer.knowsRequests());
    return member.heard(
        answer.member(),
        sentNanos,
        answer.durable().sequence(),
        sent.last().sequence(),
        me.thread.nowNanos());
  }

  private Request.Append append(LogPosition previous, List<LogEntry> entries) {
    return new Request.Append(me.options.shard(), term, me.self(), previous, entries, committed);
  }
}
