package dev.varve.replication;

import dev.varve.store.ImageFile;
import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import dev.varve.store.manifest.TermStart;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answer to a {@link Request}. Each carries the highest term that its sender has persisted. */
public sealed interface Response {

  long term();

  /** Anything that could not be answered as asked. */
  record Refused(long term, String reason) implements Response {}

  /**
   * Whether a majority may find this candidate worth a term.
   *
   * @param last the answering member's last record
   */
  record PreVoteAnswer(long term, MemberId member, boolean granted, LogPosition last, String reason)
      implements Response {}

  /**
   * Whether the fence holds, and how far the log reaches here.
   *
   * @param holder who holds {@code term} at the answering member; null: nobody yet
   * @param last the term and sequence of the answering member's last record, not its fencing term
   * @param source whether the log up to {@code last} can be read there; false while an image is
   *     being installed over it
   */
  record FenceAnswer(
      long term,
      MemberId member,
      boolean granted,
      @Nullable MemberId holder,
      LogPosition last,
      boolean source,
      String reason)
      implements Response {}

  /** What became of an {@link Request.Append}. */
  enum AppendOutcome {
    /**
     * Durable, or a heartbeat heard: the sender may rely on the promise of 1.5 s from when it sent.
     */
    ACCEPTED,
    /** The previous position is not in the log here: see the term starts. The promise holds. */
    MISMATCH,
    /** Not now: it copies files, or has too much queued. The promise holds. */
    BUSY,
    /** A higher term was seen, or the term has another holder. No promise. */
    REFUSED
  }

  /**
   * How far the log here is the same as the primary's.
   *
   * @param durable the last position that is durable at the answering member and matches the
   *     sender's log as far as it knows
   * @param termStarts where terms began in the answering member's log; filled for {@code MISMATCH}
   * @param last where that log ends, whether or not it matches
   * @param detail why, for people
   * @param knowsRequests whether the answering member's version knows the records of requests
   */
  record AppendAnswer(
      long term,
      MemberId member,
      AppendOutcome outcome,
      LogPosition durable,
      long committed,
      List<TermStart> termStarts,
      LogPosition last,
      String detail,
      boolean knowsRequests)
      implements Response {
    public AppendAnswer {
      termStarts = List.copyOf(termStarts);
    }
  }

  /**
   * All that was acknowledged up to {@code staleMs} before this answer was given is at or before
   * {@code committed}.
   *
   * @param staleMs 0 from a primary, which has made sure that it is one; {@link Long#MAX_VALUE}: it
   *     does not know
   */
  record CommittedAnswer(long term, long committed, long staleMs) implements Response {}

  /**
   * Whether the member could take over, or took a release as meant for it.
   *
   * @param willing of a successor: it leads next if it can; of others: the promise is over
   * @param reason why not, for people
   */
  record TakeOverAnswer(long term, MemberId member, boolean willing, String reason)
      implements Response {}

  /** The order to copy an image was taken; progress shows in the answers to heartbeats. */
  record InstallImageAnswer(long term, MemberId member, boolean accepted) implements Response {}

  /**
   * Who this is, and whether a bootstrap may count it as empty.
   *
   * @param empty it has no log, no term and belongs to no shard yet
   */
  record MemberDescription(
      long term,
      MemberId member,
      String cluster,
      boolean empty,
      @Nullable MemberId primary,
      LogPosition last,
      long committed)
      implements Response {}

  /**
   * What follows the last point that both logs share.
   *
   * @param common the last sequence that both logs share; the asker cuts what it has beyond
   * @param imageNeeded the entries after {@code common} are no longer at hand: copy an image
   *     instead
   * @param entries what follows {@code common}
   * @param last the answering member's last durable position
   */
  record Entries(
      long term,
      long common,
      boolean imageNeeded,
      List<LogEntry> entries,
      LogPosition last,
      long committed)
      implements Response {
    public Entries {
      entries = List.copyOf(entries);
    }
  }

  /**
   * A pinned set of files.
   *
   * @param image names the pinned files until closed, or until nobody asked for them for a minute
   */
  record Image(long term, String image, List<ImageFile> files, LogPosition last)
      implements Response {
    public Image {
      files = List.copyOf(files);
    }
  }

  /** The paths whose prefixes are the same. */
  record SameFiles(long term, List<String> paths) implements Response {
    public SameFiles {
      paths = List.copyOf(paths);
    }
  }

  /** Bytes from the asked offset; none at the end of the file. */
  record FileBytes(long term, ByteBuffer bytes) implements Response {}

  /** Done. */
  record Done(long term) implements Response {}
}
