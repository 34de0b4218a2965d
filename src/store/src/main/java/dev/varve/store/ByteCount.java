package dev.varve.store;

import java.util.Locale;

/** A number of bytes as people read it: {@code 448Mi}, {@code 1.5Gi}, {@code 17}. */
final class ByteCount {
  private static final String[] UNITS = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};

  private ByteCount() {}

  static String of(long bytes) {
    int unit = 0;
    double value = bytes;
    while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    String text = String.format(Locale.ROOT, "%.1f", value);
    return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text) + UNITS[unit];
  }
}
