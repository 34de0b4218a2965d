package dev.varve.store.recovery;

/**
 * Something that a verification found.
 *
 * @param file its path within the store
 * @param offset where it begins, in bytes
 * @param length bytes it is about; 0 where that means nothing
 * @param detail what is wrong
 * @param repair what {@link Repair} does about it
 */
public record Finding(
    Severity severity, String file, long offset, long length, String detail, String repair) {
  /** How bad it is. */
  public enum Severity {
    /** Data that the store must have is damaged or missing: opening or reading it fails. */
    DAMAGE,
    /** Something is not what was written, but no data depends on it. */
    DEFECT,
    /** What a crash leaves, or an earlier state: the next opening settles it by itself. */
    NOTE
  }
}
