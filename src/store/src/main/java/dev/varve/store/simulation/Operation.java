package dev.varve.store.simulation;

/**
 * One call of a storage or of a file of it.
 *
 * @param number counts from 1
 * @param kind which call
 * @param path the file or directory; of a file that was renamed, its name when it was opened
 * @param bytes how many bytes it reads or writes; 0 for others
 */
public record Operation(long number, Kind kind, String path, long bytes) {

  /** The calls. */
  public enum Kind {
    /** {@code Storage.create}. */
    CREATE,
    /** {@code Storage.open}. */
    OPEN,
    /** {@code Storage.exists}. */
    EXISTS,
    /** {@code Storage.list}. */
    LIST,
    /** {@code Storage.createDirectory}. */
    CREATE_DIRECTORY,
    /** {@code Storage.rename}. */
    RENAME,
    /** {@code Storage.delete}. */
    DELETE,
    /** {@code Storage.syncDirectory}. */
    SYNC_DIRECTORY,
    /** {@code Storage.lock}. */
    LOCK,
    /** {@code StorageFile.read}. */
    READ,
    /** {@code StorageFile.write}. */
    WRITE,
    /** {@code StorageFile.truncate}. */
    TRUNCATE,
    /** {@code StorageFile.sync}. */
    SYNC;

    /** Whether the call can change what is stored or make it durable. */
    public boolean isChange() {
      return switch (this) {
        case CREATE, CREATE_DIRECTORY, RENAME, DELETE, SYNC_DIRECTORY, WRITE, TRUNCATE, SYNC ->
            true;
        case OPEN, EXISTS, LIST, LOCK, READ -> false;
      };
    }
  }
}
