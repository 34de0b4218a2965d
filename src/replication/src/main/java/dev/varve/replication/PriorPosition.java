package dev.varve.replication;

import dev.varve.store.LogPosition;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How far the log of this directory reached before an image was installed over it, in the file
 * {@code _r-prior}. Until the log reaches that far again, this is what the member answers to a
 * fence: it may have acknowledged entries up to there, and though it cannot give them back now,
 * nobody with a shorter log may win with its help.
 */
final class PriorPosition {
  private static final String PATH = "_r-prior";

  private final Storage storage;
  private LogPosition position;

  private PriorPosition(Storage storage, LogPosition position) {
    this.storage = storage;
    this.position = position;
  }

  static PriorPosition load(Storage storage) throws IOException {
    Map<String, String> values = DurableRecord.read(storage, PATH);
    if (values == null) {
      return new PriorPosition(storage, LogPosition.EMPTY);
    }
    try {
      return new PriorPosition(
          storage,
          new LogPosition(
              Long.parseLong(values.getOrDefault("term", "")),
              Long.parseLong(values.getOrDefault("sequence", ""))));
    } catch (NumberFormatException e) {
      throw new DurableRecord.DamagedException(PATH);
    }
  }

  static PriorPosition none(Storage storage) {
    return new PriorPosition(storage, LogPosition.EMPTY);
  }

  /** {@link LogPosition#EMPTY} when no image is, or was lately, installed. */
  LogPosition position() {
    return position;
  }

  /** Remembers {@code last} unless more is remembered already; durable on return. */
  void remember(LogPosition last) throws IOException {
    if (last.compareTo(position) <= 0) {
      return;
    }
    Map<String, String> values = new LinkedHashMap<>();
    values.put("term", Long.toString(last.term()));
    values.put("sequence", Long.toString(last.sequence()));
    DurableRecord.write(storage, PATH, values);
    position = last;
  }

  /**
   * Forgets it once the durable log reaches that far. Returns whether nothing is remembered now.
   */
  boolean reachedBy(LogPosition last) throws IOException {
    if (position.equals(LogPosition.EMPTY)) {
      return true;
    }
    if (last.compareTo(position) < 0) {
      return false;
    }
    DurableRecord.delete(storage, PATH);
    position = LogPosition.EMPTY;
    return true;
  }

  /** Forgets it: this directory got a new member id and has acknowledged nothing under it. */
  void forget() throws IOException {
    DurableRecord.delete(storage, PATH);
    position = LogPosition.EMPTY;
  }
}
