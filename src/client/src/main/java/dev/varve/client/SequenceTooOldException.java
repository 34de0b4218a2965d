package dev.varve.client;

import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What comes next after the sequence asked for may be gone. Of a watch: scan the keyspace, and
 * watch from a sequence that was committed before the scan. Of a write that was sent again: it may
 * have been applied and forgotten; this time it was not applied.
 */
public final class SequenceTooOldException extends VarveException {
  private static final long serialVersionUID = 1L;

  SequenceTooOldException(
      Reason reason, String message, Map<String, String> metadata, @Nullable Throwable cause) {
    super(reason, message, metadata, cause);
  }

  /**
   * The lowest sequence of the shard after which a watch can begin, or a write is new, if the
   * member said so.
   */
  public OptionalLong startAfter() {
    try {
      String sequence = metadata().get("sequence");
      return sequence == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(sequence));
    } catch (NumberFormatException e) {
      return OptionalLong.empty(); // another version's; the message has it
    }
  }
}
