package dev.varve.store;

/** A compaction of that keyspace is already running. */
public final class CompactionBusyException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final String runId;

  public CompactionBusyException(String keyspace, String runId) {
    super("keyspace " + keyspace + " is being compacted by run " + runId, null);
    this.runId = runId;
  }

  /** The run that is under way. */
  public String runId() {
    return runId;
  }
}
