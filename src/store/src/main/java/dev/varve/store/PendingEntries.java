package dev.varve.store;

import dev.varve.store.manifest.ManifestBase;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Reads back, after recovery, the entries that are in the log but not known to be committed: a
 * leader may have to send them, and they are in no image.
 */
final class PendingEntries {
  private PendingEntries() {}

  static List<LogEntry> read(Storage storage, ManifestBase base, Collection<Pending> pending)
      throws IOException {
    List<LogEntry> entries = new ArrayList<>();
    for (Pending one : pending) {
      List<Chunk> chunks = new ArrayList<>();
      for (Pending.Span span : joined(one.spans())) {
        chunks.add(new Chunk(span.path(), span.offset(), bytes(storage, base, span)));
      }
      entries.add(new LogEntry(one.sequence(), one.term(), chunks));
    }
    return entries;
  }

  /** One span for each file: a batch's records follow each other there. */
  private static List<Pending.Span> joined(List<Pending.Span> spans) {
    List<Pending.Span> joined = new ArrayList<>();
    for (Pending.Span span : spans) {
      int at = indexOf(joined, span.path());
      if (at < 0) {
        joined.add(span);
        continue;
      }
      Pending.Span before = joined.get(at);
      long from = Math.min(before.offset(), span.offset());
      long to = Math.max(before.offset() + before.length(), span.offset() + span.length());
      if (to - from != before.length() + span.length()) {
        throw new IllegalStateException("a batch has gaps in " + span.path());
      }
      joined.set(at, new Pending.Span(span.path(), from, (int) (to - from)));
    }
    return joined;
  }

  private static int indexOf(List<Pending.Span> spans, String path) {
    for (int i = 0; i < spans.size(); i++) {
      if (spans.get(i).path().equals(path)) {
        return i;
      }
    }
    return -1;
  }

  private static ByteBuffer bytes(Storage storage, ManifestBase base, Pending.Span span)
      throws IOException {
    boolean edit = span.path().equals(ManifestState.PATH);
    long at = edit ? base.inFile(span.offset()) : span.offset();
    ByteBuffer bytes = ByteBuffer.allocate(span.length());
    try (StorageFile file = storage.open(span.path())) {
      if (file.read(bytes, at) != span.length()) {
        throw new EOFException(span + " is not there");
      }
    }
    return bytes.flip();
  }
}
