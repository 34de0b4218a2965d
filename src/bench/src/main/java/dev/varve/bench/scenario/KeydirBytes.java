package dev.varve.bench.scenario;

import dev.varve.bench.Row;
import dev.varve.bench.Session;
import dev.varve.bench.Target;
import dev.varve.bench.load.Dataset;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Location;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Memory that the index takes a key, also while it grows. */
final class KeydirBytes implements Scenario {
  private static final double BYTES_A_KEY_MAX = 20;
  private static final long[] SIZES = {
    10_000, 100_000, 1_000_000, 5_000_000, 10_000_000, 20_000_000
  };

  /** Below this the fixed cost of 256 sub-tables counts for more than the keys. */
  private static final long PEAK_FROM_KEYS = 10_000;

  private static final int SAMPLE_EVERY_KEYS = 1000;
  private static final int RESIDENT_EVERY_KEYS = 100_000;
  private static final long SEGMENT_BYTES = 1L << 30;
  private static final Path STATUS = Path.of("/proc/self/status");

  @Override
  public String name() {
    return "keydir-bytes";
  }

  @Override
  public String title() {
    return "Keydir memory";
  }

  @Override
  public String method() {
    return "The keydir alone, filled key by key. At each size: its bytes a key there, and the peak of"
        + " that on the way (a sample every 1,000 keys from 10,000 on). The note has the growth of the"
        + " process's anonymous resident memory a key at its peak (a sample every 100,000 keys, Linux"
        + " only), which also sees old and new slots beside each other while a sub-table grows.";
  }

  @Override
  public void run(Session session) throws IOException {
    Dataset data = new Dataset(session.settings().keydirKeysMax(), 100);
    int recordBytes = RecordCodec.encodedLength(Dataset.KEY_BYTES, data.valueBytes());
    long residentBefore = residentBytes();
    long residentPeak = 0;
    double peak = 0;
    int nextSize = 0;
    try (Keydir keydir = new Keydir()) {
      for (long i = 0; i < data.keys(); i++) {
        long at = i * recordBytes;
        Location location =
            new Location((int) (at / SEGMENT_BYTES), at % SEGMENT_BYTES, recordBytes, false);
        // No two of these keys share a fingerprint, so no record is asked for.
        keydir.put(Hash.of(data.key(i)), location, candidate -> false);
        long keys = i + 1;
        if (keys >= PEAK_FROM_KEYS && keys % SAMPLE_EVERY_KEYS == 0) {
          peak = Math.max(peak, (double) keydir.bytes() / keys);
          session.tick("filling the keydir", keys, data.keys());
        }
        if (keys % RESIDENT_EVERY_KEYS == 0) {
          residentPeak = Math.max(residentPeak, residentBytes() - residentBefore);
        }
        if (nextSize < SIZES.length && keys == SIZES[nextSize]) {
          add(session, keys, keydir, peak, residentPeak);
          nextSize++;
        }
      }
      if (keydir.size() != data.keys()) {
        throw new IllegalStateException(
            "the keydir has " + keydir.size() + " of " + data.keys() + " keys");
      }
    }
  }

  private void add(Session session, long keys, Keydir keydir, double peak, long residentPeak) {
    double now = (double) keydir.bytes() / keys;
    String size = String.format(Locale.ROOT, "%,d keys", keys);
    String resident =
        residentPeak > 0
            ? String.format(
                Locale.ROOT,
                "resident memory grew by at most %.1f bytes a key",
                1.0 * residentPeak / keys)
            : "";
    session.add(row(size, now, ""));
    session.add(row(size + ", peak on the way", Math.max(peak, now), resident));
  }

  private Row row(String variant, double bytesPerKey, String note) {
    return new Row(
        name(),
        variant,
        "bytes/key",
        bytesPerKey,
        "the bound",
        BYTES_A_KEY_MAX,
        bytesPerKey / BYTES_A_KEY_MAX,
        Target.atMost(1),
        note);
  }

  /** Anonymous resident memory of the process in bytes; 0 where the system does not tell. */
  private static long residentBytes() throws IOException {
    if (!Files.isReadable(STATUS)) {
      return 0;
    }
    for (String line : Files.readAllLines(STATUS)) {
      if (line.startsWith("RssAnon:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
      }
    }
    return 0;
  }
}
