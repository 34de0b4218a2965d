package dev.varve.store;

import dev.varve.store.format.RecordCodec;
import dev.varve.store.format.RecordKind;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Location;
import dev.varve.store.manifest.EditCodec;
import dev.varve.store.manifest.RecordedEdit;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Turns batches and edits into the bytes of the log, at the end of the files as staged. */
final class BatchEncoder {
  private static final byte[] NONE = new byte[0];

  /**
   * The record that a batch has beside its mutations, in the file of the first one.
   *
   * @param expiresAtMs before this it stays
   */
  @SuppressWarnings("ArrayRecordComponent") // a carrier: never compared or used as a key
  record RequestRecord(byte[] key, byte[] value, long expiresAtMs) {
    int length() {
      return RecordCodec.encodedLength(key.length, value.length);
    }
  }

  private BatchEncoder() {}

  /** Bytes that the batch adds to each keyspace's segment. */
  static Map<String, Long> bytesByKeyspace(WriteBatch batch, @Nullable RequestRecord request) {
    Map<String, Long> bytes = new LinkedHashMap<>();
    String keyspace = null;
    long sum = 0; // of neighbours in one keyspace: the map is asked once for all of them
    for (WriteBatch.Mutation mutation : batch.mutations()) {
      if (keyspace != null && !keyspace.equals(mutation.keyspace())) {
        bytes.merge(keyspace, sum, Long::sum);
        sum = 0;
      }
      keyspace = mutation.keyspace();
      sum += RecordCodec.encodedLength(mutation.key().length, value(mutation).length);
    }
    if (keyspace != null) {
      bytes.merge(keyspace, sum, Long::sum);
    }
    if (request != null) {
      bytes.merge(batch.mutations().getFirst().keyspace(), (long) request.length(), Long::sum);
    }
    return bytes;
  }

  /**
   * Stages a batch; every keyspace it touches has an active segment.
   *
   * @param bytesByKeyspace as {@link #bytesByKeyspace} has it
   */
  static void stage(
      Group group,
      LogTail tail,
      WriteBatch batch,
      @Nullable RequestRecord request,
      Map<String, Long> bytesByKeyspace,
      long term,
      CompletableFuture<Long> done) {
    long sequence = group.nextSequence();
    int mutations = batch.mutations().size();
    int size = request == null ? mutations : mutations + 1;
    Map<LogFile, ByteBuffer> buffers = new LinkedHashMap<>();
    bytesByKeyspace.forEach(
        (name, bytes) ->
            buffers.put(active(tail, name), ByteBuffer.allocate(Math.toIntExact(bytes))));
    List<Pending.Mutated> records = new ArrayList<>(size);
    LogFile file = null;
    ByteBuffer buffer = ByteBuffer.allocate(0);
    for (int i = 0; i < mutations; i++) {
      WriteBatch.Mutation mutation = batch.mutations().get(i);
      if (file == null || !file.keyspace().name().equals(mutation.keyspace())) {
        file = active(tail, mutation.keyspace());
        buffer = Objects.requireNonNull(buffers.get(file));
      }
      int at = buffer.position();
      boolean tombstone = mutation instanceof WriteBatch.Delete;
      long expiresAtMs = mutation instanceof WriteBatch.Put put ? put.expiresAtMs() : 0;
      RecordKind kind = tombstone ? RecordKind.TOMBSTONE : RecordKind.PUT;
      RecordCodec.encode(
          kind, sequence, term, i, size, expiresAtMs, mutation.key(), value(mutation), buffer);
      Location location =
          new Location(
              file.segment().slot(), group.length(file) + at, buffer.position() - at, tombstone);
      records.add(
          new Pending.Mutated(
              file.keyspace(),
              kind,
              Hash.of(mutation.key()),
              mutation.key(),
              Pending.NO_REQUEST,
              location,
              expiresAtMs));
    }
    if (request != null) {
      LogFile home = active(tail, batch.mutations().getFirst().keyspace());
      ByteBuffer into = Objects.requireNonNull(buffers.get(home));
      long offset = group.length(home) + into.position();
      RecordCodec.encode(
          RecordKind.REQUEST,
          sequence,
          term,
          mutations,
          size,
          request.expiresAtMs(),
          request.key(),
          request.value(),
          into);
      records.add(
          new Pending.Mutated(
              home.keyspace(),
              RecordKind.REQUEST,
              Hash.of(RecordKind.REQUEST, request.key()),
              request.key(),
              request.value(),
              new Location(home.segment().slot(), offset, request.length(), true),
              request.expiresAtMs()));
    }
    List<Chunk> chunks = new ArrayList<>();
    List<Pending.Span> spans = new ArrayList<>();
    buffers.forEach(
        (written, bytes) -> {
          Chunk chunk = new Chunk(written.path(), group.length(written), bytes.flip());
          chunks.add(chunk);
          spans.add(new Pending.Span(chunk.path(), chunk.offset(), chunk.length()));
        });
    group.stage(
        new LogEntry(sequence, term, chunks),
        new Pending.Batch(sequence, term, spans, records, done));
  }

  private static LogFile active(LogTail tail, String keyspace) {
    LogFile active = tail.active(keyspace);
    if (active == null) {
      throw new IllegalStateException("keyspace " + keyspace + " has no active segment");
    }
    return active;
  }

  private static byte[] value(WriteBatch.Mutation mutation) {
    return mutation instanceof WriteBatch.Put put ? put.value() : NONE;
  }

  /** The record of an edit as a log entry at the end of the manifest as staged. */
  static LogEntry entry(Group group, LogTail tail, RecordedEdit recorded) {
    byte[] value = EditCodec.encode(recorded);
    ByteBuffer buffer = ByteBuffer.allocate(RecordCodec.encodedLength(0, value.length));
    RecordCodec.encode(
        RecordKind.EDIT, recorded.sequence(), recorded.term(), 0, 1, 0, NONE, value, buffer);
    Chunk chunk = new Chunk(tail.manifest().path(), group.length(tail.manifest()), buffer.flip());
    return new LogEntry(recorded.sequence(), recorded.term(), List.of(chunk));
  }

  /** What an edit's entry will do. */
  static Pending.Edited effect(
      LogEntry entry, RecordedEdit recorded, @Nullable CompletableFuture<Long> done) {
    Chunk chunk = entry.chunks().getFirst();
    return new Pending.Edited(
        recorded, new Pending.Span(chunk.path(), chunk.offset(), chunk.length()), done);
  }
}
