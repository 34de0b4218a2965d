package dev.varve.store.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Gives a decoder valid files, and many that are almost valid.
 *
 * <p>{@code -Dvarve.fuzz.inputs=N} sets how many each decoder gets, {@code -Dvarve.fuzz.seed=N}
 * which ones.
 */
public final class Fuzzing {
  private static final int INPUTS = Integer.getInteger("varve.fuzz.inputs", 20_000);
  private static final long SEED = Long.getLong("varve.fuzz.seed", 1);

  /** What buffers of a fixed size and the test itself take, and how much a byte of input may. */
  private static final long ALLOCATED_FIXED_MAX = 4 << 20;

  private static final long ALLOCATED_EACH_MAX = 256;

  /** Far more than any input takes; a decoder that loops takes for ever. */
  private static final Duration INPUT_MAX = Duration.ofSeconds(20);

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Fuzzing() {}

  /** Compares the committed corpus with today's writers. */
  public static void checkCorpus(Target target) throws IOException {
    Corpus.check(target);
  }

  /** Decodes one input, as it is and mended. */
  public static void decode(Target target, byte[] input) throws IOException {
    target.decode(input);
    target.decode(target.mended(input.clone()));
  }

  /** The same, and holds the decoder to its bound of memory. */
  private static void decodeBounded(Target target, byte[] input) throws IOException {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    decode(target, input);
    long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    if (allocated > ALLOCATED_FIXED_MAX + ALLOCATED_EACH_MAX * input.length) {
      throw new AssertionError(allocated + " bytes were allocated to decode " + input.length);
    }
  }

  /** Decodes the committed files, then changed ones. */
  public static void run(Target target) throws IOException, InterruptedException {
    List<byte[]> valid = Corpus.of(target);
    AtomicReference<byte[]> current = new AtomicReference<>(new byte[0]);
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread worker =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    decodeAll(target, valid, current);
                  } catch (IOException | RuntimeException | Error e) {
                    failure.set(e);
                  }
                });
    byte[] seen = current.get();
    while (!worker.join(INPUT_MAX)) {
      byte[] now = current.get();
      if (now == seen) {
        throw new AssertionError(describe(target, now) + " took over " + INPUT_MAX);
      }
      seen = now;
    }
    Throwable thrown = failure.get();
    if (thrown != null) {
      throw new AssertionError(describe(target, current.get()) + " failed: " + thrown, thrown);
    }
  }

  private static void decodeAll(Target target, List<byte[]> valid, AtomicReference<byte[]> current)
      throws IOException {
    for (byte[] bytes : valid) {
      current.set(bytes);
      decodeBounded(target, bytes);
    }
    Mutator mutator = new Mutator(SEED, valid);
    for (int i = 0; i < INPUTS; i++) {
      byte[] input = mutator.next();
      current.set(input);
      decodeBounded(target, input);
    }
  }

  private static String describe(Target target, byte[] input) {
    return target.name() + ", input (base64) " + Base64.getEncoder().encodeToString(input);
  }
}
