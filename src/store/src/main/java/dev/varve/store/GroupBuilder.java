package dev.varve.store;

import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RequestCodec;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.StreamEntryCodec;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.InconsistentEditException;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Fills a leader's group: checks conditions, rolls segments that are full, encodes. */
final class GroupBuilder {
  private final LogTail tail;
  private final Group group;
  private final InFlight inFlight;
  private final long term;
  private final LongSupplier committed;
  private final WallClock clock;
  private final long capacityBytes;
  private final RequestCheck requests;
  private boolean ahead;

  /** Of segments that nothing of the group goes to; negative until it is needed. */
  private long sealedBytes = -1;

  /**
   * @param capacityBytes 0: none
   */
  GroupBuilder(
      LogTail tail,
      Group group,
      InFlight inFlight,
      long term,
      LongSupplier committed,
      WallClock clock,
      long capacityBytes) {
    this.capacityBytes = capacityBytes;
    this.tail = tail;
    this.group = group;
    this.inFlight = inFlight;
    this.term = term;
    this.committed = committed;
    this.clock = clock;
    this.requests = new RequestCheck(tail, inFlight);
  }

  /**
   * Stages an operation.
   *
   * @return false if the group must be written first: it has bytes for a segment to be sealed
   * @throws StoreException if the operation itself is refused; the group stays as it is
   * @throws IOException if a file failed; the group is to be undone
   */
  boolean stage(Operation.Leading operation) throws IOException {
    return switch (operation) {
      case Operation.Write write -> stageWrite(write);
      case Operation.AppendEntries append -> stageEntries(append);
      case Operation.Propose propose -> {
        stageEdit(propose.edit(), propose.done());
        yield true;
      }
      case Operation.RememberRequests remember -> {
        rememberRequests(remember.done());
        yield true;
      }
      case Operation.Seal seal -> stageSeal(seal);
    };
  }

  /**
   * Stages an operation that changes nothing but the group: a batch that needs no roll.
   *
   * @return false if it is another one; nothing was staged
   * @throws StoreException as {@link #stage} does
   * @throws IOException as {@link #stage} does
   */
  boolean stageAhead(Operation.Leading operation) throws IOException {
    ahead = true;
    try {
      return switch (operation) {
        case Operation.Write write -> stageWrite(write);
        case Operation.AppendEntries append -> stageEntries(append);
        case Operation.Propose _, Operation.RememberRequests _, Operation.Seal _ -> false;
      };
    } finally {
      ahead = false;
    }
  }

  private boolean stageWrite(Operation.Write write) throws IOException {
    RequestId request = write.batch().request();
    String home = write.batch().mutations().getFirst().keyspace();
    if (request != null && requests.remembers()) {
      Keyspace keyspace = tail.keyspaceOrNull(home);
      if (keyspace == null) {
        throw InvalidWriteException.unknownKeyspace("keyspace", home);
      }
      keyspace.require(KeyspaceType.KEY_VALUE, "keyspace");
      if (requests.answers(keyspace, request, id -> {}, write.done())) {
        return true; // before its conditions: they may not hold any more, by the first one
      }
    }
    for (WriteBatch.Mutation mutation : write.batch().mutations()) {
      checkCondition(mutation);
    }
    return stageBatch(write.batch(), recorded(request, 0), write.done());
  }

  private BatchEncoder.@Nullable RequestRecord recorded(@Nullable RequestId request, long firstId) {
    return request == null || !requests.remembers()
        ? null
        : new BatchEncoder.RequestRecord(
            request.key(),
            RequestCodec.value(request.id(), firstId),
            Math.max(0, clock.nowMs()) + RequestId.EXPIRES_AFTER_MS);
  }

  /** What is written from this edit on is remembered, and nothing before it. */
  private void rememberRequests(CompletableFuture<Long> done) throws IOException {
    if (requests.remembers()) {
      done.complete(0L);
    } else {
      stageEdit(new Edit.RequestHorizon(group.nextSequence()), done);
    }
  }

  private boolean stageEntries(Operation.AppendEntries append) throws IOException {
    Keyspace stream = tail.keyspaceOrNull(append.stream());
    ManifestState.KeyspaceState state = tail.appended().keyspaces().get(append.stream());
    if (stream == null || state == null) {
      throw InvalidWriteException.unknownKeyspace("stream", append.stream());
    }
    stream.require(KeyspaceType.STREAM, "stream");
    RequestId request = append.request();
    if (request != null
        && requests.remembers()
        && requests.answers(stream, request, append.firstId()::set, append.done())) {
      return true;
    }
    StreamTails streams = inFlight.streams();
    long firstId = streams.nextId(stream, state.cutOff().firstId());
    // A clock that was set back does not make later entries older.
    long timeMs = Math.max(clock.nowMs(), streams.lastTimeMs(stream));
    WriteBatch batch = new WriteBatch();
    long id = firstId;
    for (byte[] payload : append.payloads()) {
      batch.put(
          append.stream(), StreamEntryCodec.key(id++), StreamEntryCodec.value(timeMs, payload));
    }
    if (!stageBatch(batch, recorded(request, firstId), append.done())) {
      return false;
    }
    append.firstId().set(firstId);
    streams.stamped(stream, timeMs);
    return true;
  }

  private boolean stageBatch(
      WriteBatch batch, BatchEncoder.@Nullable RequestRecord request, CompletableFuture<Long> done)
      throws IOException {
    Map<String, Long> bytes = BatchEncoder.bytesByKeyspace(batch, request);
    if (capacityBytes > 0 && adds(batch)) {
      requireRoom(bytes);
    }
    for (Map.Entry<String, Long> entry : bytes.entrySet()) {
      LogFile active = tail.active(entry.getKey());
      if (active == null || isFull(active, entry.getValue())) {
        if (active != null && isSingleFile()) {
          throw new StoreFullException(
              active.path()
                  + " can't have more than "
                  + active.keyspace().segmentBytes()
                  + " bytes: compact "
                  + entry.getKey());
        }
        tail.keyspace(entry.getKey()).table().requireRoom(adds(batch));
        if (ahead || (active != null && group.touches(active))) {
          return false;
        }
      }
    }
    for (Map.Entry<String, Long> entry : bytes.entrySet()) {
      LogFile active = tail.active(entry.getKey());
      if (active == null || isFull(active, entry.getValue())) {
        roll(entry.getKey(), null);
      }
    }
    BatchEncoder.stage(group, tail, batch, request, bytes, term, done);
    inFlight.add(group.pending().getLast());
    return true;
  }

  private boolean isSingleFile() {
    return tail.appended().layout() == Layout.SINGLE_FILE;
  }

  /** What only deletes is let in: without it a full store could not be emptied. */
  private static boolean adds(WriteBatch batch) {
    return !batch.mutations().stream().allMatch(m -> m instanceof WriteBatch.Delete);
  }

  private void requireRoom(Map<String, Long> bytes) throws StoreFullException {
    if (sealedBytes < 0) {
      sealedBytes = tail.sealedBytes();
    }
    long used = sealedBytes;
    for (LogFile active : tail.actives()) {
      used += group.length(active);
    }
    long more = bytes.values().stream().mapToLong(Long::longValue).sum();
    if (used + more > capacityBytes) {
      throw new StoreFullException(used, more, capacityBytes);
    }
  }

  private boolean isFull(LogFile active, long more) {
    long length = group.length(active);
    return length > 0 && length + more > active.keyspace().segmentBytes();
  }

  private void checkCondition(WriteBatch.Mutation mutation) throws IOException {
    Keyspace keyspace = tail.keyspaceOrNull(mutation.keyspace());
    if (keyspace == null) {
      throw InvalidWriteException.unknownKeyspace("keyspace", mutation.keyspace());
    }
    keyspace.require(KeyspaceType.KEY_VALUE, "keyspace");
    if (mutation.ifSequence() == WriteBatch.ANY_VERSION) {
      return;
    }
    long current = currentSequence(keyspace, mutation.key());
    if (current != mutation.ifSequence()) {
      throw new VersionMismatchException(mutation.ifSequence(), current);
    }
  }

  private long currentSequence(Keyspace keyspace, byte[] key) throws IOException {
    long nowMs = clock.nowMs();
    Long staged = inFlight.sequence(keyspace, key, nowMs, tail.pending(), group.pending());
    if (staged != null) {
      return staged;
    }
    LogRecord record = keyspace.find(key);
    if (record == null || Visibility.hidden(record, nowMs)) {
      return 0;
    }
    // A cut-off may be on its way that is before this write in the log.
    ManifestState.KeyspaceState state = tail.appended().keyspaces().get(keyspace.name());
    boolean cutOff = state != null && state.cutOff().hides(record.sequence(), Long.MAX_VALUE);
    return cutOff ? 0 : record.sequence();
  }

  private boolean stageSeal(Operation.Seal seal) throws IOException {
    LogFile active = tail.active(seal.keyspace());
    if (active == null || group.length(active) == 0 || isSingleFile()) {
      seal.done().complete(0L);
      return true;
    }
    active.keyspace().table().requireRoom(false);
    if (group.touches(active)) {
      return false;
    }
    roll(seal.keyspace(), seal.done());
    return true;
  }

  /** Opens a keyspace's next segment; nothing of the group goes to the one before. */
  void roll(String keyspace, @Nullable CompletableFuture<Long> done) throws IOException {
    sealedBytes = -1;
    LogFile active = tail.active(keyspace);
    Edit.SegmentFile closed =
        active == null
            ? null
            : new Edit.SegmentFile(active.segment().id(), active.length(), active.crc());
    SegmentId opened = tail.reserve(keyspace, term);
    stageEdit(new Edit.Roll(keyspace, closed, opened), done);
  }

  void stageEdit(Edit edit, @Nullable CompletableFuture<Long> done) throws IOException {
    RecordedEdit recorded =
        new RecordedEdit(
            group.nextSequence(),
            term,
            committed.getAsLong(),
            tail.appended().termStarts(),
            group.tails(),
            edit);
    LogEntry entry = BatchEncoder.entry(group, tail, recorded);
    try {
      group.stageEdit(entry, BatchEncoder.effect(entry, recorded, done));
    } catch (InconsistentEditException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
