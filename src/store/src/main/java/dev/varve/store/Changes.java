package dev.varve.store;

import dev.varve.store.storage.Storage;

/** Where readers of changes find them. */
final class Changes {
  private final Storage storage;
  private final Applied applied;
  private final Published published;
  private final EntryWindow window;

  Changes(Storage storage, Applied applied, Published published, EntryWindow window) {
    this.storage = storage;
    this.applied = applied;
    this.published = published;
    this.window = window;
  }

  ChangeReader read(Keyspace keyspace, byte[] prefix, long afterSequence) {
    long committed = published.state().applied();
    if (afterSequence < 0 || afterSequence > committed) {
      throw new IllegalArgumentException(
          "afterSequence: " + afterSequence + " is not from 0 to " + committed);
    }
    return new ChangeReader(
        keyspace,
        prefix.clone(),
        afterSequence,
        published,
        window,
        new StoredChanges(storage, keyspace, applied));
  }
}
