package dev.varve.store;

import dev.varve.store.format.RecordKind;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.RecordedEdit;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What a sequence in the log will do once it is committed. */
sealed interface Pending {
  long sequence();

  long term();

  /** Where its bytes are, so that they can be cut. */
  List<Span> spans();

  /** Bytes of a file. */
  record Span(String path, long offset, int length) {}

  /** In the place of a request's value where there is no request. */
  byte[] NO_REQUEST = {};

  /**
   * A mutation's record, or a request's.
   *
   * @param request the value of a request's record; {@link #NO_REQUEST} of a mutation's
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
  record Mutated(
      Keyspace keyspace,
      RecordKind kind,
      long hash,
      byte[] key,
      byte[] request,
      Location location,
      long expiresAtMs) {}

  /**
   * A batch.
   *
   * @param done completed with the sequence when applied; null when nobody waits
   */
  record Batch(
      long sequence,
      long term,
      List<Span> spans,
      List<Mutated> records,
      @Nullable CompletableFuture<Long> done)
      implements Pending {
    /** The same with somebody waiting. */
    Batch attended(CompletableFuture<Long> by) {
      return new Batch(sequence, term, spans, records, by);
    }
  }

  /** An edit. */
  record Edited(RecordedEdit recorded, Span span, @Nullable CompletableFuture<Long> done)
      implements Pending {
    @Override
    public long sequence() {
      return recorded.sequence();
    }

    @Override
    public long term() {
      return recorded.term();
    }

    @Override
    public List<Span> spans() {
      return List.of(span);
    }
  }

  @Nullable CompletableFuture<Long> done();

  /** Bytes in the log. */
  default long bytes() {
    long bytes = 0;
    for (Span span : spans()) {
      bytes += span.length();
    }
    return bytes;
  }

  /** The same with nobody waiting. */
  default Pending unattended() {
    return switch (this) {
      case Batch batch -> new Batch(batch.sequence, batch.term, batch.spans, batch.records, null);
      case Edited edited -> new Edited(edited.recorded, edited.span, null);
    };
  }
}
