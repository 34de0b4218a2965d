package dev.varve.store;

import dev.varve.store.manifest.TermStart;
import java.util.List;

/** The log's state as others see it; changed on the writer, read by any thread. */
final class Published {
  private volatile LogState state;

  Published(LogState first) {
    this.state = first;
  }

  LogState state() {
    return state;
  }

  void durable(LogPosition last, List<TermStart> termStarts, List<String> membership) {
    LogState now = state;
    state =
        new LogState(
            last,
            now.committed(),
            now.applied(),
            termStarts,
            membership,
            now.leading(),
            now.poisoned());
  }

  void committed(long committed, long applied) {
    LogState now = state;
    state =
        new LogState(
            now.last(),
            committed,
            applied,
            now.termStarts(),
            now.membership(),
            now.leading(),
            now.poisoned());
  }

  void leading(boolean leading) {
    LogState now = state;
    state =
        new LogState(
            now.last(),
            now.committed(),
            now.applied(),
            now.termStarts(),
            now.membership(),
            leading,
            now.poisoned());
  }

  void poisoned() {
    LogState now = state;
    state =
        new LogState(
            now.last(),
            now.committed(),
            now.applied(),
            now.termStarts(),
            now.membership(),
            false,
            true);
  }
}
