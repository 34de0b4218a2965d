package dev.varve.store;

/** An entry names a run list that is not here yet; nothing was appended. */
public final class MissingAttachmentException extends StoreException {
  private static final long serialVersionUID = 1L;

  private final transient Attachment attachment;

  public MissingAttachmentException(Attachment attachment) {
    super("missing " + attachment.path(), null);
    this.attachment = attachment;
  }

  /** What must be installed before the entries are appended again. */
  public Attachment attachment() {
    return attachment;
  }
}
