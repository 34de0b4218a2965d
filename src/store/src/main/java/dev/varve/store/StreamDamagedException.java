package dev.varve.store;

/** An entry of a stream that was never trimmed is not there. */
public final class StreamDamagedException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final String stream;
  private final long id;

  StreamDamagedException(String stream, long id) {
    super("entry " + id + " of stream " + stream + " is missing", null);
    this.stream = stream;
    this.id = id;
  }

  /** The keyspace. */
  public String stream() {
    return stream;
  }

  /** Of the entry that can not be read; those after it may be good. */
  public long id() {
    return id;
  }
}
