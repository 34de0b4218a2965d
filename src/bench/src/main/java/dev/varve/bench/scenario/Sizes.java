package dev.varve.bench.scenario;

/** Sizes as people read them. */
final class Sizes {
  static final double MIB = 1 << 20;

  private Sizes() {}

  /** A number of bytes, in KiB where it is whole ones. */
  static String label(int bytes) {
    return bytes % 1024 == 0 ? bytes / 1024 + " KiB" : bytes + " B";
  }
}
