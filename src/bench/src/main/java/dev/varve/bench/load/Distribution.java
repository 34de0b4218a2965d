package dev.varve.bench.load;

import java.util.SplittableRandom;

/** Which keys are asked for. */
public sealed interface Distribution {

  /** Its name in reports. */
  String label();

  /** A key's number. */
  long next(SplittableRandom random);

  /** Each key as often as any other. */
  static Distribution uniform(long keys) {
    return new Uniform(keys);
  }

  /** A few keys very often: see {@link Zipfian}. */
  static Distribution zipfian(long keys) {
    return new Zipfian(keys);
  }

  /** Each key as often as any other. */
  record Uniform(long keys) implements Distribution {
    @Override
    public String label() {
      return "uniform";
    }

    @Override
    public long next(SplittableRandom random) {
      return random.nextLong(keys);
    }
  }

  /**
   * The key of rank r with a probability proportional to 1 / r^0.99, as in the Yahoo! Cloud Serving
   * Benchmark (Cooper et al., 2010), by the method of Gray et al., "Quickly generating
   * billion-record synthetic databases" (1994). Ranks need no scattering over the key space: the
   * keys' bytes are scattered already.
   */
  final class Zipfian implements Distribution {
    private static final double THETA = 0.99;

    private final long keys;
    private final double zeta;
    private final double eta;

    private Zipfian(long keys) {
      this.keys = keys;
      double sum = 0;
      for (long rank = 1; rank <= keys; rank++) {
        sum += 1 / Math.pow((double) rank, THETA);
      }
      this.zeta = sum;
      double zetaOfTwo = 1 + Math.pow(0.5, THETA);
      this.eta = (1 - Math.pow(2.0 / keys, 1 - THETA)) / (1 - zetaOfTwo / sum);
    }

    @Override
    public String label() {
      return "zipfian";
    }

    @Override
    public long next(SplittableRandom random) {
      double u = random.nextDouble();
      double scaled = u * zeta;
      if (scaled < 1) {
        return 0;
      }
      if (scaled < 1 + Math.pow(0.5, THETA)) {
        return Math.min(1, keys - 1);
      }
      long rank = (long) (keys * Math.pow(eta * u - eta + 1, 1 / (1 - THETA)));
      return Math.min(rank, keys - 1);
    }
  }
}
