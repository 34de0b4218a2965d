package dev.varve.store;

import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.recovery.DurableMark;
import dev.varve.store.storage.BoundedStorage;
import dev.varve.store.storage.MemoryStorage;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The parts of an open store, joined. */
record StoreParts(
    MeteredStorage storage,
    StoreRuntime runtime,
    Keyspaces keyspaces,
    LogTail tail,
    Applied applied,
    Published published,
    GroupCommit writer,
    Ballast ballast,
    Retirement retirement,
    Adoption adoption,
    Maintenance maintenance,
    KeydirCheckpoints keydirs,
    Plans plans,
    Compactor compactor,
    HotSwaps hotSwaps,
    Times times,
    CutOffs cutOffs,
    Retention retention,
    RequestHorizons horizons,
    ShardLog log,
    Changes changes,
    EventLog events,
    ManifestFile manifest,
    ManifestRoll manifestRoll,
    DurableMark mark,
    Closeable lock) {
  private static final System.Logger LOG = System.getLogger(StoreParts.class.getName());

  static StoreParts join(
      StoreOptions options,
      MeteredStorage storage,
      StoreRuntime runtime,
      Opening.Parts recovered,
      DurableMark mark,
      EventLog events,
      Closeable lock)
      throws IOException {
    Keyspaces keyspaces = recovered.keyspaces();
    LogTail tail = recovered.tail();
    Applied applied = recovered.applied();
    LogPosition last = new LogPosition(tail.lastTerm(), tail.lastSequence());
    Published published =
        new Published(
            new LogState(
                last,
                applied.sequence(),
                applied.sequence(),
                tail.appended().termStarts(),
                tail.appended().membership(),
                false,
                false));
    EntryWindow window = new EntryWindow(options.windowBytesMax(), applied.sequence());
    window.add(PendingEntries.read(storage, recovered.manifestBase(), tail.pending()));
    ManifestFile manifest = new ManifestFile(recovered.manifestBase());
    Retirement retirement = new Retirement(storage, applied, mark, published, window);
    CutOffSweep sweep = new CutOffSweep(storage, applied);
    Ballast ballast = new Ballast(storage.unmetered(), options);
    Adoption adoption = new Adoption(storage, keyspaces, applied, retirement, sweep, ballast);
    KeydirCheckpoints keydirs =
        new KeydirCheckpoints(storage, keyspaces, applied, published, mark, adoption, manifest);
    recovered.keydirs().forEach(keydirs::restored);
    Maintenance maintenance =
        new Maintenance(
            storage, runtime.maintenance(), adoption, retirement, sweep, keydirs, ballast);
    Applier applier = new Applier(applied, keyspaces, maintenance, last.sequence());
    ManifestRoll manifestRoll =
        new ManifestRoll(
            storage, tail, applied, manifest, adoption, keydirs, mark, options.manifestBound());
    GroupCommit writer =
        new GroupCommit(
            runtime, options, tail, applied, applier, window, mark, published, manifestRoll);
    Times times = new Times(runtime, applied, published);
    CutOffs cutOffs = new CutOffs(runtime, writer, maintenance);
    RequestHorizons horizons = new RequestHorizons(runtime, applied, published, writer, times);
    Retention retention =
        new Retention(options, storage, keyspaces, applied, published, horizons, cutOffs, times);
    Supplier<Layout> layout =
        () -> options.layout() == Layout.MEMORY ? Layout.MEMORY : tail.appended().layout();
    Plans plans = new Plans(keyspaces, applied, times, layout);
    Compactor compactor =
        new Compactor(
            storage,
            runtime,
            keyspaces,
            applied,
            published,
            tail,
            writer,
            adoption,
            maintenance,
            times,
            horizons,
            plans,
            events,
            ballast,
            options.runListBytesMax(),
            layout);
    if (storage.unmetered() instanceof MemoryStorage memory && options.layout() == Layout.MEMORY) {
      maintenance.reclaimWith(
          new MemoryReclaim(
              memory, keyspaces, tail, writer, adoption, compactor, plans, times, horizons,
              runtime));
    }
    Images images = new Images(storage, keyspaces, applied, adoption, manifest);
    DamageRepair repair = new DamageRepair(storage, keyspaces, applied, adoption);
    ShardLog log =
        new StoreLog(
            storage, writer, published, window, images, adoption, maintenance, ballast, repair);
    for (ManifestState.SequencedCompaction compaction : recovered.installation().toAdopt()) {
      adoption.enqueue(compaction.sequence(), compaction.edit(), compaction.swap());
    }
    for (Opening.HintWanted hint : recovered.hints()) {
      maintenance.writeHint(hint.keyspace(), hint.segment(), hint.file());
    }
    for (String restored : recovered.keydirs().keySet()) {
      // What a cut-off hides may be in a restored index, while hints are read without it.
      maintenance.cutOff(keyspaces.existing(restored));
    }
    maintenance.buildBallast();
    times.read(); // what the clock does from now on is measured from here
    if (adoption.backlog() > 0) {
      maintenance.retryAdoption();
    }
    return new StoreParts(
        storage,
        runtime,
        keyspaces,
        tail,
        applied,
        published,
        writer,
        ballast,
        retirement,
        adoption,
        maintenance,
        keydirs,
        plans,
        compactor,
        new HotSwaps(runtime, compactor),
        times,
        cutOffs,
        retention,
        horizons,
        log,
        new Changes(storage, applied, published, window),
        events,
        manifest,
        manifestRoll,
        mark,
        lock);
  }

  Layout layout() {
    return compactor.layout();
  }

  StoreStatus status() {
    List<KeyspaceStatus> statuses = new ArrayList<>();
    long nowMs = times.hideMs();
    long manifestLength;
    applied.lock().lock();
    try {
      manifestLength = applied.manifestLength();
      for (ManifestState.KeyspaceState state : applied.manifest().keyspaces().values()) {
        Keyspace keyspace = keyspaces.get(state.name());
        if (keyspace != null) {
          statuses.add(status(keyspace, state, nowMs));
        }
      }
    } finally {
      applied.lock().unlock();
    }
    long byUsers = statuses.stream().mapToLong(k -> k.written().byUsers()).sum();
    return new StoreStatus(
        published.state(),
        statuses,
        adoption.backlog(),
        times.aheadMs(),
        storage.unmetered() instanceof BoundedStorage bounded ? bounded.openFiles() : 0,
        manifest.base().inFile(manifestLength),
        manifestRoll.rolls(),
        keyspaces.cache().status(),
        new WrittenBytes(byUsers, storage.bytes()));
  }

  private KeyspaceStatus status(Keyspace keyspace, ManifestState.KeyspaceState state, long nowMs) {
    List<KeyspaceStatus.SegmentStatus> segments = new ArrayList<>();
    long total = 0;
    long expired = 0;
    for (LiveSegment segment : keyspace.segments()) {
      total += segment.committedLength();
      long expiredHere = segment.expiredBytes(nowMs);
      expired += expiredHere;
      segments.add(
          new KeyspaceStatus.SegmentStatus(
              segment.reader().path(),
              segment.committedLength(),
              segment.liveBytes() - expiredHere,
              !segment.sealed()));
    }
    int retired = 0;
    for (Retirement.Inputs inputs : applied.retired()) {
      if (inputs.keyspace() == keyspace) {
        retired += Retirement.count(inputs);
      }
    }
    return new KeyspaceStatus(
        keyspace.name(),
        keyspace.type(),
        keyspace.segmentBytes(),
        keyspace.liveKeys(),
        keyspace.liveBytes() - expired,
        expired,
        total,
        retired,
        keyspace.keydir().bytes(),
        state.lastCompactionMs(),
        keyspace.cutOff().sequence(),
        keyspace.type() == KeyspaceType.STREAM ? keyspace.firstId() : 0,
        keyspace.type() == KeyspaceType.STREAM ? keyspace.lastId() : 0,
        new WrittenBytes(keyspace.userBytes(), storage.bytes(keyspace.name())),
        segments);
  }

  /**
   * Closes everything, compactions first, then the writer, then what maintenance has under way.
   * Those on callers' threads are told to stop and not waited for.
   */
  void close(CompletableFuture<Void> done) {
    compactor.close();
    CompletableFuture<Void> _ = hotSwaps.close().thenAccept(_ -> closeWriter(done));
  }

  private void closeWriter(CompletableFuture<Void> done) {
    CompletableFuture<Void> written = new CompletableFuture<>();
    CompletableFuture<Void> _ =
        written.whenComplete((ok, failure) -> maintenance.close(() -> closeFiles(done, failure)));
    writer.submit(new Operation.Close(written));
  }

  private void closeFiles(CompletableFuture<Void> done, @Nullable Throwable failure) {
    Throwable outcome = failure;
    adoption.close();
    try {
      if (!maintenance.isInMemory()) {
        keydirs.writeDue();
      }
    } catch (IOException | RuntimeException e) {
      // The next open takes longer, no more.
      LOG.log(System.Logger.Level.WARNING, "could not write the keydir's checkpoint: {0}", e);
    }
    for (Closeable closeable :
        List.<Closeable>of(keyspaces::closeAll, tail.manifest()::close, events, mark, lock)) {
      try {
        closeable.close();
      } catch (IOException | RuntimeException e) {
        outcome = outcome == null ? e : outcome;
      }
    }
    if (outcome == null) {
      done.complete(null);
    } else {
      done.completeExceptionally(outcome);
    }
  }
}
