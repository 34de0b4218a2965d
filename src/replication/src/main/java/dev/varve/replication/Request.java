package dev.varve.replication;

import dev.varve.store.LogEntry;
import dev.varve.store.LogPosition;
import dev.varve.store.manifest.TermStart;
import java.util.List;

/**
 * A message from one member of a shard to another. Each carries the highest term that its sender
 * has persisted.
 */
public sealed interface Request {

  /** The shard it is about; a member of another shard refuses it. */
  int shard();

  /** The sender's term; a primary that sees a higher one than its own stops. */
  long term();

  /** Would you follow me? Changes nothing at the receiver. */
  record PreVote(int shard, long term, MemberId candidate, LogPosition last) implements Request {}

  /**
   * Follow nobody below this term, and nobody but me in it. Durable at the receiver before it is
   * granted.
   */
  record Fence(int shard, long term, MemberId candidate) implements Request {}

  /**
   * The primary's log after {@code previous}, to be made durable at the same offsets before it is
   * acknowledged. Without entries it is a heartbeat: it is answered at once and says nothing about
   * the log but {@code committed}.
   */
  record Append(
      int shard,
      long term,
      MemberId primary,
      LogPosition previous,
      List<LogEntry> entries,
      long committed)
      implements Request {
    public Append {
      entries = List.copyOf(entries);
    }

    boolean isHeartbeat() {
      return entries.isEmpty();
    }
  }

  /** Up to where is all that you, or the primary that you follow, have acknowledged by now? */
  record AskCommitted(int shard, long term) implements Request {}

  /**
   * Could you lead in my place, the Lease included? Changes nothing at the receiver.
   *
   * @param primary the sender, who leads in {@code term}
   */
  record PrepareTakeOver(int shard, long term, MemberId primary) implements Request {}

  /**
   * I have stopped serving and will not lead in this term again: what you promised me is over.
   *
   * @param primary the sender, who led in {@code term}
   * @param successor the member that shall take the next term, without pre-votes
   */
  record Release(int shard, long term, MemberId primary, MemberId successor) implements Request {}

  /**
   * The primary no longer holds the entries that the receiver lacks: it shall copy the primary's
   * files.
   */
  record InstallImage(int shard, long term, MemberId primary) implements Request {}

  /** Who are you? Asked before a bootstrap. */
  record DescribeMember(int shard, long term) implements Request {}

  /**
   * Give me your durable log after the last point that we share.
   *
   * @param after the sender's last position
   * @param termStarts where the terms began in the sender's log
   * @param maxBytes about how much to answer with; at least one entry comes if there is one
   */
  record FetchEntries(
      int shard, long term, LogPosition after, List<TermStart> termStarts, int maxBytes)
      implements Request {
    public FetchEntries {
      termStarts = List.copyOf(termStarts);
    }
  }

  /** Pin your files for me and name them. */
  record OpenImage(int shard, long term, MemberId receiver) implements Request {}

  /** Which of these prefixes of the image's files are the same as yours? */
  record CheckFiles(int shard, long term, String image, List<FilePrefix> prefixes)
      implements Request {
    public CheckFiles {
      prefixes = List.copyOf(prefixes);
    }
  }

  /**
   * Bytes of a file, from {@code offset} on.
   *
   * @param image the image that pins the file; empty: a file of the current store
   * @param maxBytes at most 1 MiB
   */
  record GetFile(int shard, long term, String image, String path, long offset, int maxBytes)
      implements Request {}

  /** The image is no longer needed. */
  record CloseImage(int shard, long term, String image) implements Request {}

  /** The first {@code length} bytes of a file and their CRC32C. */
  record FilePrefix(String path, long length, int crc) {}
}
