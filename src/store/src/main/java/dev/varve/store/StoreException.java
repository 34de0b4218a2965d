package dev.varve.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Why the store refused or could not finish something; each reason is a type of its own. */
public abstract sealed class StoreException extends IOException
    permits InvalidWriteException,
        VersionMismatchException,
        RequestForgottenException,
        NotLeaderException,
        StoreFullException,
        OutcomeUnknownException,
        StorePoisonedException,
        StoreClosedException,
        SnapshotLostException,
        CompactionBusyException,
        LogGapException,
        LogDivergedException,
        MissingAttachmentException,
        InstallingException,
        StreamDamagedException,
        ChangesGoneException {
  private static final long serialVersionUID = 1L;

  protected StoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
