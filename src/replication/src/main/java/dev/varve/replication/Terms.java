package dev.varve.replication;

import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The term this member is in, durable in the file {@code _r-term}, and the highest it has heard of,
 * which binds nobody and is only passed when choosing the next.
 */
final class Terms {
  private static final String PATH = "_r-term";

  private final Storage storage;
  private volatile TermRecord record;
  private long highestSeen;

  private Terms(Storage storage, TermRecord record) {
    this.storage = storage;
    this.record = record;
    this.highestSeen = record.term();
  }

  static Terms load(Storage storage) throws IOException {
    Map<String, String> values = DurableRecord.read(storage, PATH);
    if (values == null) {
      return new Terms(storage, TermRecord.NONE);
    }
    try {
      long term = Long.parseLong(values.getOrDefault("term", ""));
      return new Terms(
          storage, new TermRecord(term, MemberId.parse(values.getOrDefault("holder", ""))));
    } catch (IllegalArgumentException e) {
      throw new DurableRecord.DamagedException(PATH);
    }
  }

  /** For a directory whose term file is damaged, after it got a new member id. */
  static Terms none(Storage storage) {
    return new Terms(storage, TermRecord.NONE);
  }

  TermRecord record() {
    return record;
  }

  long term() {
    return record.term();
  }

  long highestSeen() {
    return highestSeen;
  }

  void saw(long term) {
    highestSeen = Math.max(highestSeen, term);
  }

  /**
   * Follows {@code holder} in {@code term} and nobody below; durable on return. After an exception
   * it is unknown which record is on disk, so the member must stop.
   */
  void advance(long term, MemberId holder) throws IOException {
    if (!record.admits(term, holder)) {
      throw new IllegalStateException(
          holder + " in term " + term + " is not admitted by " + record);
    }
    if (term == record.term()) {
      return;
    }
    Map<String, String> values = new LinkedHashMap<>();
    values.put("term", Long.toString(term));
    values.put("holder", holder.toString());
    DurableRecord.write(storage, PATH, values);
    record = new TermRecord(term, holder);
    saw(term);
  }
}
