package dev.varve.store;

/**
 * When the manifest is rolled: once its file has more than {@code bytes}, and more than {@code
 * snapshots} times what a snapshot of the store's state takes that is put in the place of its
 * edits. So it never has much more than the greater of the two, and all snapshots together have
 * less than a {@code snapshots - 1}th of the bytes of the edits.
 *
 * @param bytes at least 0
 * @param snapshots at least 2
 */
public record ManifestBound(long bytes, int snapshots) {
  /** 4 MiB, and four snapshots: 13 MiB of 480,000 segments. */
  public static final ManifestBound DEFAULT = new ManifestBound(4 << 20, 4);

  /** Checks the figures; the message names the field. */
  public ManifestBound {
    if (bytes < 0) {
      throw new IllegalArgumentException("bytes must not be negative: " + bytes);
    }
    if (snapshots < 2) {
      throw new IllegalArgumentException("snapshots must be at least 2: " + snapshots);
    }
  }
}
