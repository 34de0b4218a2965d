package dev.varve.store;

/** The directory holds a partly received image; finish it with {@link ImageInstaller} first. */
public final class InstallingException extends StoreException {
  private static final long serialVersionUID = 1L;

  public InstallingException() {
    super("the directory holds a partly received image", null);
  }
}
