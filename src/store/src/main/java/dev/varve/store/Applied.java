package dev.varve.store;

import dev.varve.store.manifest.ManifestState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What is applied: everything here changes and is read under {@link #lock}, batch by batch, so that
 * whoever holds it sees one sequence. No I/O but reads of single records happens under it.
 */
final class Applied {
  private final ReentrantLock lock = new ReentrantLock();
  private final ManifestState manifest;
  private final List<Retirement.Inputs> retired = new ArrayList<>();
  private long manifestLength;
  private long sequence;
  private long term;
  private long lastRequest;

  Applied(ManifestState manifest, long manifestLength, LogPosition at) {
    this.manifest = manifest;
    this.manifestLength = manifestLength;
    this.sequence = at.sequence();
    this.term = at.term();
    this.lastRequest = at.sequence();
  }

  ReentrantLock lock() {
    return lock;
  }

  /** What the applied edits add up to. */
  ManifestState manifest() {
    return manifest;
  }

  /** Inputs of adopted compactions that wait for a checkpoint. */
  List<Retirement.Inputs> retired() {
    return retired;
  }

  long sequence() {
    return sequence;
  }

  long term() {
    return term;
  }

  /** No request after this sequence is applied; what was there before the opening counts as one. */
  long lastRequest() {
    return lastRequest;
  }

  void noteRequest(long at) {
    lastRequest = at;
  }

  void advance(long toSequence, long toTerm) {
    sequence = toSequence;
    term = toTerm;
  }

  /** Where in the log the edits end that are applied. */
  long manifestLength() {
    return manifestLength;
  }

  void manifestLength(long length) {
    manifestLength = length;
  }
}
