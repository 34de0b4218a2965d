package dev.varve.store.format;

/** The bytes are not what the format says; each format turns it into an exception of its own. */
final class BrokenFormatException extends Exception {

  private static final long serialVersionUID = 1L;

  BrokenFormatException(String reason) {
    super(reason);
  }
}
