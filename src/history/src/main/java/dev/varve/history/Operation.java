package dev.varve.history;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An operation of a client, from its invocation to what the client was told of it, once. One that
 * is never told counts as unknown.
 */
public final class Operation {
  static final Outcome UNKNOWN = new Outcome.Unknown();
  private static final Outcome FAILED = new Outcome.Failed();

  private final History history;
  private final String client;
  private final @Nullable String readKey;
  private final List<Change> changes;
  private final long invoked;
  private long ended = Long.MAX_VALUE;
  private Outcome outcome = UNKNOWN;

  Operation(
      History history,
      String client,
      @Nullable String readKey,
      List<Change> changes,
      long invoked) {
    this.history = history;
    this.client = client;
    this.readKey = readKey;
    this.changes = changes;
    this.invoked = invoked;
  }

  /**
   * A read found this.
   *
   * @param value null: nothing
   * @param sequence of the write of that value; 0 if it was not told, or nothing was found
   */
  public void read(@Nullable String value, long sequence) {
    require(isRead(), "a write can't answer with a value: ");
    if (sequence < 0 || (value == null && sequence != 0)) {
      throw new IllegalArgumentException("a sequence of nothing: " + sequence);
    }
    history.end(this, new Outcome.Read(value, sequence));
  }

  /**
   * A write happened.
   *
   * @param sequence the one of all its changes; 0 if it was not told
   */
  public void written(long sequence) {
    require(!isRead(), "a read can't be written: ");
    if (sequence < 0) {
      throw new IllegalArgumentException("sequence " + sequence);
    }
    history.end(this, new Outcome.Written(sequence));
  }

  /**
   * A write was refused since one of its conditions did not hold: nothing of it happened, and the
   * key was at {@code current}.
   *
   * @param key one of the keys that it was to change
   * @param current the version that the refusal names; 0: the key was absent
   */
  public void refused(String key, long current) {
    require(!isRead(), "a read has no condition: ");
    if (current < 0 || changes.stream().noneMatch(change -> change.key().equals(key))) {
      throw new IllegalArgumentException(this + " can't be refused for " + key + " at " + current);
    }
    history.end(this, new Outcome.Refused(key, current));
  }

  /** Certainly not applied, now or later; a read without an answer. */
  public void failed() {
    history.end(this, FAILED);
  }

  /** Nobody knows; a write may still happen, once, or never. */
  public void unknown() {
    history.end(this, UNKNOWN);
  }

  private void require(boolean fits, String complaint) {
    if (!fits) {
      throw new IllegalStateException(complaint + this);
    }
  }

  /** Called by the history, under its lock. */
  void end(Outcome told, long ticket) {
    if (ended != Long.MAX_VALUE) {
      throw new IllegalStateException("ended already: " + this);
    }
    outcome = told;
    ended = ticket;
  }

  /** Who did it. */
  public String client() {
    return client;
  }

  boolean isRead() {
    return readKey != null;
  }

  @Nullable String readKey() {
    return readKey;
  }

  List<Change> changes() {
    return changes;
  }

  Outcome outcome() {
    return outcome;
  }

  long invoked() {
    return invoked;
  }

  /** The ticket at which the client knew; {@link Long#MAX_VALUE} if it knows nothing. */
  long answered() {
    return outcome instanceof Outcome.Unknown ? Long.MAX_VALUE : ended;
  }

  /** Such as {@code [12, 17] c3: put a=x if absent -> ok, sequence 8}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("[").append(invoked).append(", ");
    text.append(answered() == Long.MAX_VALUE ? "?" : ended).append("] ").append(client);
    text.append(": ");
    if (isRead()) {
      text.append("get ").append(readKey);
    } else {
      text.append(String.join(" and ", changes.stream().map(Change::toString).toList()));
    }
    return text.append(" -> ").append(outcome).toString();
  }
}
