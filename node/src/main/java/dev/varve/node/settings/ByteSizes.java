package dev.varve.node.settings;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Byte sizes as people type them: {@code 10MB}, {@code 10Mi} and {@code 10485760} are the same. */
public final class ByteSizes {
  private static final Pattern SIZE = Pattern.compile("(\\d{1,18})([KMGT]?)(i?B?|B)");
  private static final String UNITS = "KMGT";

  private ByteSizes() {}

  /**
   * Reads a size; every unit is a power of 1024.
   *
   * @throws IllegalArgumentException naming the text, if it is no size or too large for a long
   */
  public static long parse(String text) {
    Matcher matcher = SIZE.matcher(text.strip());
    if (!matcher.matches() || (matcher.group(2).isEmpty() && matcher.group(3).startsWith("i"))) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a size such as 10485760, 10MB or 10Mi");
    }
    int power = UNITS.indexOf(matcher.group(2)) + 1;
    if (matcher.group(2).isEmpty()) {
      power = 0;
    }
    try {
      return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * power));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("'" + text + "' is too large", e);
    }
  }
}
