package dev.varve.store.format;

/** What a record says. */
public enum RecordKind {
  /** A key has this value. */
  PUT(1),
  /** A key has no value any more. */
  TOMBSTONE(2),
  /** A change to the store itself; only in the manifest, with an empty key. */
  EDIT(3),
  /** Of a batch that came with a client's and a request's id ({@link RequestCodec}). */
  REQUEST(4);

  private final byte code;

  RecordKind(int code) {
    this.code = (byte) code;
  }

  /** Whether a key of readers has a value by it. */
  public boolean isPut() {
    return this == PUT;
  }

  /** The byte that stands for it on disk. */
  public byte code() {
    return code;
  }

  /**
   * The kind of a byte that {@link RecordCodec#check} has accepted.
   *
   * @throws IllegalArgumentException for any other byte
   */
  public static RecordKind of(byte code) {
    return switch (code) {
      case 1 -> PUT;
      case 2 -> TOMBSTONE;
      case 3 -> EDIT;
      case 4 -> REQUEST;
      default -> throw new IllegalArgumentException("unknown record kind " + code);
    };
  }
}
