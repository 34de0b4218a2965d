package dev.varve.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Durations as people type them: {@code 500ms}, {@code 90s}, {@code 10m}, {@code 3h}, {@code 7d},
 * {@code 1h30m}.
 */
final class TimeSpan {
  private static final Pattern PART = Pattern.compile("(\\d{1,12})(ms|s|m|h|d)");

  private TimeSpan() {}

  static Duration parse(String text) {
    Matcher part = PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    try {
      while (end < text.length() && part.find(end) && part.start() == end) {
        long amount = Long.parseLong(part.group(1));
        sum =
            sum.plus(
                switch (part.group(2)) {
                  case "ms" -> Duration.ofMillis(amount);
                  case "s" -> Duration.ofSeconds(amount);
                  case "m" -> Duration.ofMinutes(amount);
                  case "h" -> Duration.ofHours(amount);
                  default -> Duration.ofDays(amount);
                });
        end = part.end();
      }
      if (end == 0 || end < text.length() || sum.toMillis() < 0) {
        throw new UsageException(
            "'" + text + "' is not a duration: write 500ms, 90s, 10m, 3h or 7d");
      }
    } catch (ArithmeticException e) {
      throw new UsageException("'" + text + "' is too long a duration", e);
    }
    return sum;
  }

  /** For people: {@code 8.2s}, {@code 3m 05s}, {@code 2h 10m}, {@code 4d 3h}. */
  static String format(long millis) {
    if (millis < 1000) {
      return millis + "ms";
    }
    if (millis < 60_000) {
      return String.format(Locale.ROOT, "%.1fs", Math.min(millis, 59_949) / 1000.0);
    }
    long seconds = millis / 1000;
    if (seconds < 3600) {
      return String.format(Locale.ROOT, "%dm %02ds", seconds / 60, seconds % 60);
    }
    long minutes = seconds / 60;
    if (minutes < 24 * 60) {
      return String.format(Locale.ROOT, "%dh %02dm", minutes / 60, minutes % 60);
    }
    return minutes / 60 / 24 + "d " + minutes / 60 % 24 + "h";
  }
}
