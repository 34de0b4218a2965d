package dev.varve.store;

import dev.varve.store.manifest.Layout;
import java.io.IOException;
import java.util.Locale;

/** A directory was made with another layout than the one it was to be opened with. */
public final class LayoutMismatchException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Layout made;

  /** Names both. */
  public LayoutMismatchException(Layout made, Layout wanted) {
    super("layout: the directory was made as " + said(made) + ", not as " + said(wanted));
    this.made = made;
  }

  private static String said(Layout layout) {
    return layout.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The one the directory was made with. */
  public Layout made() {
    return made;
  }
}
