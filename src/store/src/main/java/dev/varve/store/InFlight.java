package dev.varve.store;

import dev.varve.store.format.RecordKind;
import dev.varve.store.format.RequestCodec;
import dev.varve.store.manifest.KeyspaceType;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The newest version of each key, and the newest request of each slot, that is staged or written
 * but not applied. For the writer.
 *
 * <p>Only a condition asks for versions, so none is kept before the first one, and nothing any more
 * once all is applied.
 */
final class InFlight {
  // A request's slot is looked for among requests alone: its key may be a user's too.
  private record Target(Keyspace keyspace, ByteBuffer key) {}

  private record Version(long sequence, boolean present, long expiresAtMs) {}

  /** The newest request of a slot. */
  record Request(Pending.Batch batch, Pending.Mutated record) {
    long id() {
      return RequestCodec.requestId(record.request());
    }

    /** Of a stream's first entry; 0 outside streams. */
    long firstId() {
      return RequestCodec.firstId(record.request());
    }
  }

  private final Map<Target, Version> versions = new HashMap<>();
  private final Map<Target, Request> requests = new HashMap<>();
  private final StreamTails streams = new StreamTails();
  private boolean tracking;

  /** The newest entries of streams; not taken back when they are applied. */
  StreamTails streams() {
    return streams;
  }

  void add(Pending effect) {
    if (effect instanceof Pending.Batch batch) {
      for (Pending.Mutated record : batch.records()) {
        if (record.kind() == RecordKind.REQUEST) {
          requests.put(target(record), new Request(batch, record));
        } else if (record.keyspace().type() == KeyspaceType.STREAM) {
          streams.note(record);
        } else if (tracking) {
          track(batch, record);
        }
      }
    }
  }

  private void track(Pending.Batch batch, Pending.Mutated record) {
    versions.put(
        target(record),
        new Version(batch.sequence(), !record.location().tombstone(), record.expiresAtMs()));
  }

  private void track(Pending effect) {
    if (effect instanceof Pending.Batch batch) {
      for (Pending.Mutated record : batch.records()) {
        if (record.kind() != RecordKind.REQUEST) {
          track(batch, record);
        }
      }
    }
  }

  void applied(Pending effect) {
    if (!(effect instanceof Pending.Batch batch)) {
      return;
    }
    if (tracking) {
      for (Pending.Mutated record : batch.records()) {
        Target target = target(record);
        Version version = versions.get(target);
        if (version != null
            && version.sequence() == batch.sequence()
            && record.kind() != RecordKind.REQUEST) {
          versions.remove(target);
        }
      }
      tracking = !versions.isEmpty();
    }
    if (!requests.isEmpty()) {
      for (Pending.Mutated record : batch.records()) {
        Request request = record.kind() == RecordKind.REQUEST ? requests.get(target(record)) : null;
        if (request != null && request.batch().sequence() == batch.sequence()) {
          requests.remove(target(record));
        }
      }
    }
  }

  /** The request that a slot will have once all is applied; null when none is in flight for it. */
  @Nullable Request request(Keyspace keyspace, byte[] key) {
    return requests.isEmpty() ? null : requests.get(new Target(keyspace, ByteBuffer.wrap(key)));
  }

  /** Starts again from what is pending and staged. */
  void reset(Collection<Pending> pending, List<Pending> staged) {
    versions.clear();
    requests.clear();
    tracking = false;
    streams.clear();
    pending.forEach(this::add);
    staged.forEach(this::add);
  }

  /**
   * The key's sequence, 0 when it is deleted or expired; null when nothing is in flight.
   *
   * @param pending what is written and not applied, in order
   * @param staged what follows it
   */
  @Nullable Long sequence(
      Keyspace keyspace,
      byte[] key,
      long nowMs,
      Collection<Pending> pending,
      Collection<Pending> staged) {
    if (!tracking) {
      pending.forEach(this::track);
      staged.forEach(this::track);
      tracking = !versions.isEmpty();
    }
    Version version = versions.get(new Target(keyspace, ByteBuffer.wrap(key)));
    if (version == null) {
      return null;
    }
    boolean hidden = !version.present() || Visibility.expired(version.expiresAtMs(), nowMs);
    return hidden ? 0 : version.sequence();
  }

  private static Target target(Pending.Mutated record) {
    return new Target(record.keyspace(), ByteBuffer.wrap(record.key()));
  }
}
