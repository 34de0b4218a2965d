package dev.varve.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A number of bytes, typed as {@code 4096}, {@code 64Ki}, {@code 10Mi}, {@code 10MB} or {@code 1G}.
 * All units count in 1024s: {@code 10MB} and {@code 10Mi} are the same.
 *
 * @param bytes not negative
 */
record ByteSize(long bytes) {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,19})(?:([KMGT])(?:I?B?)|B)?", Pattern.CASE_INSENSITIVE);
  private static final String UNITS = "KMGT";

  static ByteSize parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new UsageException(
          "'"
              + text
              + "' is not a size: write a whole number of bytes, or one with Ki, Mi, Gi or Ti");
    }
    String unit = matcher.group(2);
    int power = unit == null ? 0 : UNITS.indexOf(unit.toUpperCase(Locale.ROOT)) + 1;
    try {
      return new ByteSize(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * power)));
    } catch (ArithmeticException | NumberFormatException e) {
      throw new UsageException("'" + text + "' is too large a size", e);
    }
  }

  /** For people: three digits and a unit, as in {@code 448Mi} or {@code 1.27Gi}. */
  static String format(long bytes) {
    if (bytes < 0) {
      return "-" + format(-bytes);
    }
    if (bytes < 1024) {
      return bytes + "B";
    }
    double scaled = bytes;
    int unit = -1;
    while (scaled >= 999.5 && unit < UNITS.length() - 1) {
      scaled /= 1024;
      unit++;
    }
    String number =
        String.format(
            Locale.ROOT, scaled < 9.995 ? "%.2f" : scaled < 99.95 ? "%.1f" : "%.0f", scaled);
    if (number.indexOf('.') >= 0) {
      number = number.replaceAll("0+$", "").replaceAll("\\.$", "");
    }
    return number + UNITS.charAt(unit) + "i";
  }
}
