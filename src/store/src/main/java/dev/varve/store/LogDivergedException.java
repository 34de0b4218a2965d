package dev.varve.store;

/**
 * Entries contradict themselves or this log: a CRC, an offset, the CRC of a segment being sealed.
 * Nothing was appended; when it happens again, this member needs an image.
 */
public final class LogDivergedException extends StoreException {
  private static final long serialVersionUID = 1L;

  public LogDivergedException(String message) {
    super(message, null);
  }
}
