package dev.varve.store.manifest;

/** An edit that can't be read, or that contradicts the edits before it. */
public final class InconsistentEditException extends Exception {
  private static final long serialVersionUID = 1L;

  public InconsistentEditException(String message) {
    super(message);
  }
}
