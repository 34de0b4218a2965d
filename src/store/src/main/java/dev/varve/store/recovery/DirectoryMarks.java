package dev.varve.store.recovery;

/** The files of a store's directory whose presence alone means something. */
public final class DirectoryMarks {
  /** Held by whoever uses the directory. */
  public static final String LOCK = "_lock";

  /** The directory holds half an image or backup: it is no store. */
  public static final String INSTALLING = "_installing";

  /** A repair was begun and not finished: it is no store until it is. */
  public static final String REPAIRING = "_repairing";

  private DirectoryMarks() {}
}
