package dev.varve.cli;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * How far a long step is: on a terminal one line that is drawn over, elsewhere a line every two
 * seconds.
 */
final class Progress {
  private static final long TERMINAL_NANOS = TimeUnit.MILLISECONDS.toNanos(150);
  private static final long PLAIN_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final int BAR_WIDTH = 24;

  private final PrintStream err;
  private final boolean terminal;
  private final String what;
  private final long startNanos = System.nanoTime();
  private long nextNanos;
  private int drawnWidth;

  /**
   * Starts the clock.
   *
   * @param what is going on, as in {@code import packages.ndjson}
   */
  Progress(Invocation invocation, String what) {
    this.err = invocation.err();
    this.terminal = invocation.errIsTerminal();
    this.what = what;
    this.nextNanos = startNanos + (terminal ? 0 : PLAIN_NANOS);
  }

  /**
   * Shows the state if it is time to.
   *
   * @param fraction 0 to 1; negative where the end is not known
   */
  synchronized void show(double fraction, java.util.function.Supplier<String> state) {
    long now = System.nanoTime();
    if (now - nextNanos < 0) {
      return;
    }
    nextNanos = now + (terminal ? TERMINAL_NANOS : PLAIN_NANOS);
    String percent =
        fraction < 0 ? "" : String.format(Locale.ROOT, "%3.0f %% ", 100 * Math.min(1, fraction));
    if (terminal) {
      String line = what + " " + (fraction < 0 ? "" : bar(fraction) + " ") + percent + state.get();
      String erase = " ".repeat(Math.max(0, drawnWidth - line.length()));
      err.print("\r" + line + erase);
      drawnWidth = line.length();
    } else {
      err.println(what + ": " + percent + state.get());
    }
    err.flush();
  }

  double elapsedSeconds() {
    return Math.max(1e-3, (System.nanoTime() - startNanos) / 1e9);
  }

  /** Removes the line that was drawn over, if there is one. */
  synchronized void clear() {
    if (drawnWidth > 0) {
      err.print("\r" + " ".repeat(drawnWidth) + "\r");
      err.flush();
      drawnWidth = 0;
    }
  }

  /** A bar that is full to this fraction. */
  static String bar(double fraction) {
    int full = (int) Math.round(BAR_WIDTH * Math.clamp(fraction, 0, 1));
    return "[" + "#".repeat(full) + "-".repeat(BAR_WIDTH - full) + "]";
  }
}
