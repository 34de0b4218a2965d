package dev.varve.store.recovery;

import dev.varve.store.storage.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * What reading all of a store's directory found.
 *
 * @param findings in the order in which they were found
 * @param files files of the log that were read
 * @param bytes bytes of records that were read and whose checksums were verified
 * @param records how many records that were
 * @param durableSequence the last sequence that is known to have been durable; 0: none is known
 */
public record Verification(
    List<Finding> findings, long files, long bytes, long records, long durableSequence) {
  public Verification {
    findings = List.copyOf(findings);
  }

  /** Whether nothing but notes was found. */
  public boolean clean() {
    return findings.stream().allMatch(f -> f.severity() == Finding.Severity.NOTE);
  }

  /** Whether data that the store must have is damaged or missing. */
  public boolean damaged() {
    return findings.stream().anyMatch(f -> f.severity() == Finding.Severity.DAMAGE);
  }

  /**
   * Reads everything: the checksum of every record of every segment that the manifest names, the
   * segments against what was sealed, hints against the records, run lists, the manifest, the
   * marks; and lists files that are missing or that nothing names. Changes nothing and needs no
   * writable storage; memory is bounded by the damage, not by the store.
   *
   * @throws dev.varve.store.storage.StoreLockedException if somebody has the store open
   * @throws IOException if the disk does not work; that is no finding
   */
  public static Verification of(Storage storage, RecoveryProgress progress) throws IOException {
    try (Closeable _ = storage.lock(DirectoryMarks.LOCK)) {
      return StoreSurvey.take(storage, progress).verification();
    }
  }
}
