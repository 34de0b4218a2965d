package dev.varve.operator.status;

import java.util.Locale;

/** Byte counts as people read them: {@code 448Mi}, {@code 1.5Gi}. */
public final class Sizes {

  private static final String[] UNITS = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};

  private Sizes() {}

  /** The count with at most one decimal, in the largest unit of which it holds one. */
  public static String format(long bytes) {
    double amount = bytes;
    int unit = 0;
    while (Math.abs(amount) >= 1024 && unit < UNITS.length - 1) {
      amount /= 1024;
      unit++;
    }
    String text = String.format(Locale.ROOT, "%.1f", amount);
    return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text) + UNITS[unit];
  }
}
