package dev.varve.store;

import dev.varve.store.format.Crc32c;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.manifest.RecordedEdit;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The log of an open store: hands operations to the writer and answers the rest itself. */
final class StoreLog implements ShardLog {
  private final Storage storage;
  private final GroupCommit writer;
  private final Published published;
  private final EntryWindow window;
  private final Images images;
  private final Adoption adoption;
  private final Maintenance maintenance;
  private final Ballast ballast;
  private final DamageRepair repair;

  StoreLog(
      Storage storage,
      GroupCommit writer,
      Published published,
      EntryWindow window,
      Images images,
      Adoption adoption,
      Maintenance maintenance,
      Ballast ballast,
      DamageRepair repair) {
    this.ballast = ballast;
    this.repair = repair;
    this.storage = storage;
    this.writer = writer;
    this.published = published;
    this.window = window;
    this.images = images;
    this.adoption = adoption;
    this.maintenance = maintenance;
  }

  @Override
  public LogState state() {
    return published.state();
  }

  @Override
  public CompletableFuture<LogState> append(List<LogEntry> entries) {
    List<LogEntry> copy = List.copyOf(entries);
    return hasEdit(copy) ? ballast.relieve(() -> submit(copy)) : submit(copy);
  }

  /** Compactions and checkpoints come as edits, and free what a full disk lacks. */
  private static boolean hasEdit(List<LogEntry> entries) {
    return entries.stream()
        .flatMap(entry -> entry.chunks().stream())
        .anyMatch(chunk -> chunk.path().equals(ManifestState.PATH));
  }

  private CompletableFuture<LogState> submit(List<LogEntry> entries) {
    CompletableFuture<LogState> done = new CompletableFuture<>();
    writer.submit(new Operation.Append(entries, done));
    return done;
  }

  @Override
  public CompletableFuture<LogState> cut(long lastSequenceKept) {
    CompletableFuture<LogState> done = new CompletableFuture<>();
    writer.submit(new Operation.Cut(lastSequenceKept, done));
    return done;
  }

  @Override
  public void commit(long sequence) {
    writer.commit(sequence);
  }

  @Override
  public CompletableFuture<LogState> lead(long term, LogListener listener) {
    // A store that is full can only be emptied by a leader.
    return ballast.relieve(
        () -> {
          CompletableFuture<LogState> done = new CompletableFuture<>();
          writer.submit(new Operation.Lead(term, listener, done));
          return done;
        });
  }

  @Override
  public CompletableFuture<Void> resign() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    writer.submit(new Operation.Resign(done));
    return done;
  }

  @Override
  public CompletableFuture<Long> propose(Edit.Membership change) {
    CompletableFuture<Long> done = new CompletableFuture<>();
    writer.submit(new Operation.Propose(change, done));
    return done;
  }

  @Override
  public @Nullable List<LogEntry> read(long afterSequence, int maxBytes) {
    return window.after(afterSequence, maxBytes);
  }

  @Override
  public StoreImage image() throws IOException {
    return images.take();
  }

  @Override
  public int read(String path, long offset, ByteBuffer target) throws IOException {
    try (StorageFile file = storage.open(StorePaths.checked(path))) {
      return file.read(target, offset);
    }
  }

  @Override
  public int crc(String path, long length) throws IOException {
    if (length == 0) {
      return Crc32c.of(ByteBuffer.allocate(0));
    }
    try (StorageFile file = storage.open(StorePaths.checked(path))) {
      return FileChecksum.of(file, length);
    }
  }

  @Override
  public void noteDamage(String path, String reason) {
    repair.damaged().note(path, reason);
  }

  @Override
  public Map<String, String> damaged() {
    return repair.damaged().all();
  }

  @Override
  public void repair(String path) throws IOException {
    repair.run(path);
  }

  @Override
  public boolean poisonedByDamage() {
    return writer.poisonedByDamage();
  }

  @Override
  public List<Attachment> missingAttachments(List<LogEntry> entries) throws IOException {
    List<Attachment> missing = new ArrayList<>();
    for (LogEntry entry : entries) {
      RecordedEdit edit =
          entry.sequence() > published.state().last().sequence() ? EntryDecoder.edit(entry) : null;
      Attachment attachment = edit == null ? null : EntryDecoder.attachment(edit);
      if (attachment != null && !Attachments.isHere(storage, attachment)) {
        missing.add(attachment);
      }
    }
    return missing;
  }

  @Override
  public void installAttachment(Attachment attachment, ByteSource source) throws IOException {
    try {
      Attachments.install(storage, attachment, source);
    } catch (DiskFullException e) {
      if (!ballast.release()) {
        throw e;
      }
      Attachments.install(storage, attachment, source);
    }
  }

  @Override
  public void fetchWith(SegmentFetcher fetcher) {
    adoption.fetchWith(fetcher);
    maintenance.retryAdoption();
  }

  @Override
  public int adoptionBacklog() {
    return adoption.backlog();
  }
}
