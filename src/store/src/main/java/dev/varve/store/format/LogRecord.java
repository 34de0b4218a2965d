package dev.varve.store.format;

/**
 * One record in memory. The arrays are not copied: whoever makes or gets a record leaves them
 * alone. Named so because {@code Record} is the language's.
 */
public final class LogRecord {

  private final RecordKind kind;
  private final long sequence;
  private final long term;
  private final int batchIndex;
  private final int batchSize;
  private final long expiresAtMs;
  private final byte[] key;
  private final byte[] value;

  /**
   * Makes a record.
   *
   * @param sequence the shard's position that the record's batch took
   * @param batchIndex the record's place in its batch, from 0
   * @param batchSize how many records the batch has over all files, 1 to 65,535
   * @param expiresAtMs milliseconds since 1970 from which the record is hidden; 0: never
   */
  public LogRecord(
      RecordKind kind,
      long sequence,
      long term,
      int batchIndex,
      int batchSize,
      long expiresAtMs,
      byte[] key,
      byte[] value) {
    this.kind = kind;
    this.sequence = sequence;
    this.term = term;
    this.batchIndex = batchIndex;
    this.batchSize = batchSize;
    this.expiresAtMs = expiresAtMs;
    this.key = key;
    this.value = value;
  }

  /**
   * The same with a copy of the value.
   *
   * @param sameKey equal to this one's; the result takes it over
   */
  public LogRecord withOwnValue(byte[] sameKey) {
    return new LogRecord(
        kind, sequence, term, batchIndex, batchSize, expiresAtMs, sameKey, value.clone());
  }

  /** What the record says. */
  public RecordKind kind() {
    return kind;
  }

  /** The shard's position that the record's batch took. */
  public long sequence() {
    return sequence;
  }

  /** The term in which the record was first written. */
  public long term() {
    return term;
  }

  /** The record's place in its batch, from 0. */
  public int batchIndex() {
    return batchIndex;
  }

  /** How many records the batch has over all files. */
  public int batchSize() {
    return batchSize;
  }

  /** Milliseconds since 1970 from which the record is hidden; 0: never. */
  public long expiresAtMs() {
    return expiresAtMs;
  }

  /** The key; empty for an edit. */
  public byte[] key() {
    return key;
  }

  /** The value; empty for a tombstone. */
  public byte[] value() {
    return value;
  }

  /** The length on disk in bytes. */
  public int encodedLength() {
    return RecordCodec.encodedLength(key.length, value.length);
  }

  @Override
  public String toString() {
    return kind
        + " of sequence "
        + sequence
        + ", term "
        + term
        + ", key of "
        + key.length
        + " bytes";
  }
}
