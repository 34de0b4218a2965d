package dev.varve.replication;

import dev.varve.store.InstallingException;
import dev.varve.store.LogPosition;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Opens a member's directory and decides whether it is still the one that this member's promises
 * and acknowledgements were made from. If it is empty or damaged, or its store is gone, the member
 * goes on under a new id, which counts in no quorum until the primary has brought it up and
 * replaced the old one. Blocks.
 */
final class Directory {
  private static final System.Logger LOG = System.getLogger(Directory.class.getName());

  private final MemberOptions options;
  private final Storage storage;
  private final LocalStore local;
  private final RandomGenerator random;

  Directory(MemberOptions options, Storage storage, LocalStore local, RandomGenerator random) {
    this.options = options;
    this.storage = storage;
    this.local = local;
    this.random = random;
  }

  /** What was found. The store is open unless an image has to be installed first. */
  record Opened(Identity identity, Terms terms, PriorPosition prior) {}

  /**
   * @throws IOException if the directory cannot be used now, such as when another process has
   *     locked it; nothing was changed then
   */
  Opened open() throws IOException {
    try {
      Identity identity = Identity.load(storage);
      Terms terms = Terms.load(storage);
      PriorPosition prior = PriorPosition.load(storage);
      if (identity != null && !belongsHere(identity)) {
        throw new IOException(
            "the directory belongs to "
                + identity.member().name()
                + " of cluster "
                + identity.cluster()
                + ", shard "
                + identity.shard());
      }
      if (identity != null && identity.imageNeeded()) {
        return new Opened(identity, terms, prior);
      }
      boolean installing = false;
      LogPosition last = LogPosition.EMPTY;
      try {
        last = local.open().log().state().last();
      } catch (InstallingException e) {
        installing = true;
      }
      boolean hasFiles = installing || !last.equals(LogPosition.EMPTY);
      if (identity == null) {
        // With files but without a name they may be anybody's: only an image tells which of them
        // are the shard's.
        return renewed(terms, hasFiles ? "files of an unknown member" : null);
      }
      if (identity.hasLog() && !hasFiles) {
        return renewed(terms, "the log that was acknowledged from here is gone");
      }
      if (!installing) {
        prior.reachedBy(last);
      }
      return new Opened(identity, terms, prior);
    } catch (CorruptionException | CorruptRecordException | DurableRecord.DamagedException e) {
      return renewed(termsOrNone(), String.valueOf(e.getMessage()));
    }
  }

  private boolean belongsHere(Identity identity) {
    return identity.member().name().equals(options.name())
        && identity.cluster().equals(options.cluster())
        && identity.shard() == options.shard();
  }

  /** The new id is durable before anybody hears of it. */
  private Opened renewed(Terms terms, @Nullable String damage) throws IOException {
    if (damage != null) {
      LOG.log(
          System.Logger.Level.WARNING,
          options.name()
              + " goes on under a new member id and copies the primary's files: "
              + damage);
      local.close();
    }
    PriorPosition prior = PriorPosition.none(storage);
    prior.forget();
    Identity identity = Identity.create(options, random, damage != null);
    identity.store(storage);
    return new Opened(identity, terms, prior);
  }

  private Terms termsOrNone() throws IOException {
    try {
      return Terms.load(storage);
    } catch (DurableRecord.DamagedException e) {
      return Terms.none(storage);
    }
  }
}
