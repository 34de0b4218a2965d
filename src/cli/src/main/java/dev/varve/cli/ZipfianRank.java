package dev.varve.cli;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Ranks 0, 1, 2, … of which rank r is chosen with a probability proportional to 1 / (r + 1)^0.99,
 * by the method of Gray et al., "Quickly generating billion-record synthetic databases" (1994). The
 * number of ranks may grow: the normalising sum is then extended, not computed anew. Safe for many
 * threads.
 */
final class ZipfianRank {
  private static final double THETA = 0.99;
  private static final double ALPHA = 1 / (1 - THETA);

  /** All that depends on the number of ranks. */
  private record Scale(long ranks, double zeta, double eta) {}

  private final double zetaOfTwo = extendZeta(0, 0, 2);
  private volatile Scale scale;

  ZipfianRank(long ranks) {
    this.scale = scale(ranks, extendZeta(0, 0, ranks));
  }

  /** A rank below {@code ranks}. */
  long next(long ranks) {
    Scale current = scale;
    if (ranks > current.ranks()) {
      current = grow(ranks);
    }
    double u = ThreadLocalRandom.current().nextDouble();
    double uz = u * current.zeta();
    if (uz < 1) {
      return 0;
    }
    if (uz < 1 + Math.pow(0.5, THETA)) {
      return Math.min(1, ranks - 1);
    }
    long rank = (long) (current.ranks() * Math.pow(current.eta() * u - current.eta() + 1, ALPHA));
    return Math.min(rank, ranks - 1);
  }

  private synchronized Scale grow(long ranks) {
    Scale current = scale;
    if (ranks > current.ranks()) {
      current = scale(ranks, extendZeta(current.zeta(), current.ranks(), ranks));
      scale = current;
    }
    return current;
  }

  private Scale scale(long ranks, double zeta) {
    double eta = (1 - Math.pow(2.0 / ranks, 1 - THETA)) / (1 - zetaOfTwo / zeta);
    return new Scale(ranks, zeta, eta);
  }

  private static double extendZeta(double zeta, long from, long to) {
    double sum = zeta;
    for (long i = from; i < to; i++) {
      sum += 1 / Math.pow(i + 1.0, THETA);
    }
    return sum;
  }
}
