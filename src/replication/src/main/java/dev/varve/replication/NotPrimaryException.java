package dev.varve.replication;

import org.jspecify.annotations.Nullable;

/** This member is not the serving primary; nothing was done. */
public final class NotPrimaryException extends Exception {
  private static final long serialVersionUID = 1L;

  private final @Nullable String primaryName;
  private final @Nullable String primaryAddress;
  private final long term;

  public NotPrimaryException(
      @Nullable String primaryName, @Nullable String primaryAddress, long term) {
    super(
        primaryName == null
            ? "not the primary; no primary is known in term " + term
            : "not the primary; " + primaryName + " is, as heard in term " + term);
    this.primaryName = primaryName;
    this.primaryAddress = primaryAddress;
    this.term = term;
  }

  /** The primary as last heard, or null. */
  public @Nullable String primaryName() {
    return primaryName;
  }

  /** Where that primary is reached, or null. */
  public @Nullable String primaryAddress() {
    return primaryAddress;
  }

  /** The highest term that this member has persisted. */
  public long term() {
    return term;
  }
}
