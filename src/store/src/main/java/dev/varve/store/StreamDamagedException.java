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

  public String stream() {
    return stream;
  }

  public long id() {
    return id;
  }
}
