package dev.varve.store;

import static dev.varve.store.StoreFixture.value;

import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.keydir.Hash;
import dev.varve.store.manifest.Layout;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.DiskFullException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One store under random operations on one thread, a function of its seed alone. Before every
 * storage operation that changes something, in the middle of whatever the store is doing, the
 * machine crashes on a copy, and what recovers there must be what {@link WriteHistory} allows.
 */
final class StoreSimulation {
  private static final int STEPS = 45;
  private static final int KEYS_EACH = 12;

  /** The first so many keys get half of the writes: segments differ in how much of them is dead. */
  private static final int HOT_KEYS = 4;

  private static final String[] KEYSPACES = {"main", "objects"};

  /** Few sub-tables of the index: that is cheaper to open, and gives each several entries. */
  private static final List<String> KEYS_OF_EACH =
      IntStream.iterate(0, i -> i + 1)
          .mapToObj(i -> "key-" + i)
          .filter(key -> Hash.of(StoreFixture.bytes(key)) >>> 56 < 3)
          .limit(KEYS_EACH)
          .toList();

  private static final List<String> KEYS =
      Arrays.stream(KEYSPACES)
          .flatMap(keyspace -> KEYS_OF_EACH.stream().map(key -> keyspace + '/' + key))
          .toList();

  private final StoreFixture fixture;
  private final SplittableRandom random;
  private final SimulationCounts counts;
  private final StoreOptions options;
  private final RecoveryCheck check;
  private final WriteHistory history = new WriteHistory();
  private final List<Held> held = new ArrayList<>();
  private final boolean faulty;

  /**
   * Whether most bytes are of values that stay, and a few keys are written and deleted in little
   * records: old segments then keep dead values that no run takes, which only tombstones hide.
   */
  private final boolean staying;

  /** Whether a keyspace may have few segments: what would begin more is refused. */
  private final boolean few;

  private boolean small;
  private final boolean flipping;
  private SimulatedStorage storage;
  private Trampoline executor = new Trampoline();
  private @Nullable Store open;
  private boolean compacting;
  private boolean crashing = true;
  private long faultAt = Long.MAX_VALUE;
  private Fault fault = Fault.IO_ERROR;
  private int step;
  private int values;
  private int runs;

  /** A scan that goes on beside everything, with what it must find in the end. */
  private record Held(String keyspace, Scan scan, Map<String, WriteHistory.Value> then) {}

  /**
   * Every fourth seed has single files, every third opens few of its files at a time, and of seven
   * five roll their manifests again and again.
   */
  StoreSimulation(long seed, SimulationCounts counts) {
    fixture = StoreFixture.of(seed % 4 == 0 ? Layout.SINGLE_FILE : null);
    random = new SplittableRandom(seed);
    this.counts = counts;
    faulty = random.nextInt(3) == 0;
    small = !faulty && random.nextInt(5) == 0;
    flipping = !faulty && !small && random.nextInt(2) == 0;
    staying = random.nextInt(3) == 0;
    few = seed % 5 == 2;
    storage = new SimulatedStorage(small ? 12_000 + random.nextInt(20_000) : Long.MAX_VALUE);
    StoreOptions bounded =
        fixture
            .options
            .withBallastBytes(small ? random.nextInt(4000) : 0)
            .withOpenFilesMax(seed % 3 == 0 ? 4 : StoreOptions.OPEN_FILES_MAX_DEFAULT)
            .withManifestBound(
                seed % 7 < 5 ? new ManifestBound(400 * (seed % 7), 2) : ManifestBound.DEFAULT);
    options = few ? bounded.withSegmentsMax(2 + (int) (seed % 3)) : bounded;
    // After a crash the check goes on writing, for which there is to be room.
    check =
        new RecoveryCheck(options.withSegmentsMax(StoreOptions.SEGMENTS_MAX), KEYS, random, counts);
  }

  void run() {
    try {
      restart(false);
      for (step = 1; step <= STEPS; step++) {
        step();
      }
      closeScans();
      watch(); // a call that was to fail fails no more
      store().close();
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError(
          "at step " + step + (faulty ? ", with failing calls: " : ": ") + e.getMessage(), e);
    }
  }

  private Store store() {
    if (open == null) {
      throw new IllegalStateException("no store is open");
    }
    return open;
  }

  private void step() throws IOException {
    long before = storage.operations();
    if (faultAt <= before) {
      faultAt = Long.MAX_VALUE; // it happened in an earlier step
    }
    if (faulty && faultAt == Long.MAX_VALUE && random.nextInt(6) == 0) {
      faultAt = before + 1 + random.nextInt(40);
      Fault[] faults = {Fault.IO_ERROR, Fault.FAILED_SYNC, Fault.DISK_FULL};
      fault = faults[random.nextInt(faults.length)];
      storage.failOperation(faultAt, fault);
    }
    boolean goesOn = true;
    try {
      goesOn = act();
    } catch (IOException e) {
      requireExcuse(e);
    }
    if (excused()) {
      counts.fault();
    }
    if (open == null || isPoisoned()) {
      if (!excused()) {
        throw new AssertionError("the store gave up though no call of the storage failed");
      }
      goesOn = false;
    }
    if (!goesOn) {
      restart(true);
    } else if (history.hasUnanswered()) {
      throw new AssertionError("a write got no answer that says what became of it");
    }
  }

  private boolean excused() {
    return storage.operations() >= faultAt;
  }

  private void requireExcuse(Throwable e) {
    if (!(e instanceof IOException) || (!excused() && !small)) {
      throw new AssertionError("failed though no call of the storage did: " + e, e);
    }
  }

  /** Returns whether the store is still the one to go on with. */
  private boolean act() throws IOException {
    int choice = random.nextInt(100);
    if (choice < 58) {
      write();
    } else if (choice < 62) {
      RecoveryCheck.expect(List.of(history.visible(fixture.nowMs.get())), check.read(store()));
    } else if (choice < 68) {
      hold();
    } else if (choice < 73) {
      finishScan();
    } else if (choice < 80) {
      fixture.nowMs.addAndGet(random.nextInt(60));
    } else if (choice < 93) {
      compact();
    } else if (choice < 96) {
      checkpoint();
    } else {
      return false;
    }
    return true;
  }

  private void write() {
    int batches = random.nextInt(5) == 0 ? 2 + random.nextInt(4) : 1;
    if (batches > 1) {
      executor.hold(); // they share a group
    }
    List<CompletableFuture<Long>> answers = new ArrayList<>();
    for (int i = 0; i < batches; i++) {
      answers.add(history.write(store(), randomChanges(), executor));
    }
    if (batches > 1) {
      executor.release();
    }
    for (CompletableFuture<Long> answer : answers) {
      if (!answer.isDone()) {
        throw new AssertionError("a write got no answer at all");
      }
      if (answer.isCompletedExceptionally()) {
        Throwable refusal = answer.exceptionNow();
        if (few && refusal instanceof StoreFullException) {
          counts.refused();
        } else {
          requireExcuse(refusal);
        }
      }
    }
  }

  private Map<String, WriteHistory.Value> randomChanges() {
    Map<String, WriteHistory.Value> changes = new TreeMap<>();
    int size = random.nextInt(3) == 0 ? 1 + random.nextInt(4) : 1;
    for (int i = 0; i < size; i++) {
      boolean hot = staying ? random.nextInt(8) > 0 : random.nextBoolean();
      int key = random.nextInt(hot ? HOT_KEYS : KEYS_EACH);
      String target = KEYSPACES[random.nextInt(2)] + '/' + KEYS_OF_EACH.get(key);
      boolean delete = (!staying || key < HOT_KEYS) && random.nextInt(staying ? 2 : 4) == 0;
      long expiresAtMs =
          random.nextInt(4) == 0 && !delete && !staying
              ? fixture.nowMs.get() + 1 + random.nextInt(120)
              : 0;
      String text = delete ? null : value(++values, randomLength(key));
      changes.put(target, new WriteHistory.Value(text, expiresAtMs));
    }
    return changes;
  }

  /** Many small values, whose death leaves a segment almost wholly live, among larger ones. */
  private int randomLength(int key) {
    if (staying) {
      return key < HOT_KEYS ? 8 : 600 + random.nextInt(300);
    }
    return switch (random.nextInt(5)) {
      case 0, 1 -> 8 + random.nextInt(12);
      case 2, 3 -> 20 + random.nextInt(280);
      default -> 300 + random.nextInt(700);
    };
  }

  private void hold() throws IOException {
    if (held.size() < 3) {
      String keyspace = KEYSPACES[random.nextInt(2)];
      Scan scan = store().scan(keyspace, new byte[0], false);
      held.add(new Held(keyspace, scan, history.acknowledged()));
    }
  }

  private void finishScan() throws IOException {
    if (held.isEmpty()) {
      return;
    }
    Held one = held.remove(random.nextInt(held.size()));
    Map<String, String> found = new TreeMap<>();
    try (Scan scan = one.scan()) {
      StoreFixture.drain(one.keyspace(), scan, found);
    }
    Map<String, String> expected = WriteHistory.visible(one.then(), fixture.nowMs.get());
    expected.keySet().removeIf(target -> !target.startsWith(one.keyspace() + '/'));
    RecoveryCheck.expect(List.of(expected), found);
    counts.scan();
  }

  private void compact() throws IOException {
    Strategy strategy =
        RecoveryCheck.ALL_STRATEGIES.get(random.nextInt(RecoveryCheck.ALL_STRATEGIES.size()));
    String keyspace = KEYSPACES[random.nextInt(2)];
    int segmentsMax = staying && strategy != Strategy.SHIFT ? 0 : random.nextInt(4);
    CompactionOptions options =
        new CompactionOptions(
            keyspace, strategy, 0, 0, 0, segmentsMax, !staying && random.nextInt(4) == 0);
    CompactionRequest request =
        new CompactionRequest("run-" + ++runs, options, random.nextBoolean(), 0);
    compacting = true;
    CompactionEvent end;
    try {
      end =
          store()
              .compact(
                  request,
                  event -> {
                    if (strategy == Strategy.SHIFT
                        && event.type() == CompactionEvent.Type.PROGRESS) {
                      history.shifting(keyspace, highestSequence(event.files()));
                    }
                  },
                  CancelToken.unbounded());
    } finally {
      compacting = false;
    }
    history.shifted(end.type() == CompactionEvent.Type.COMPLETED, isPoisoned());
    switch (end.type()) {
      case COMPLETED -> {
        counts.compaction(strategy);
        if (store().layout() == Layout.SINGLE_FILE) {
          counts.swap();
        }
      }
      case FAILED -> requireExcuse(new IOException(end.reason() + ": " + end.message()));
      case SKIPPED, STARTED, PROGRESS -> {}
    }
  }

  private boolean isPoisoned() {
    return store().log().state().poisoned();
  }

  /** What a Shift is about to lose: everything up to the highest sequence in its inputs. */
  private long highestSequence(List<String> files) {
    long highest = 0;
    try {
      for (String path : files) {
        byte[] segment = storage.contents(path);
        ByteBuffer records = ByteBuffer.wrap(segment).order(ByteOrder.LITTLE_ENDIAN);
        for (int at = 0; at < segment.length; at += RecordCodec.length(records, at)) {
          highest = Math.max(highest, RecordCodec.sequence(records, at));
        }
      }
    } catch (IOException e) {
      throw new AssertionError("an input is gone before its compaction is published", e);
    }
    return highest;
  }

  private void checkpoint() {
    CompletableFuture<CheckpointResult> answer = store().checkpoint();
    if (answer.isCompletedExceptionally()) {
      requireExcuse(answer.exceptionNow());
    }
  }

  /** Ends the store one way or the other, opens what is left and settles what happened. */
  private void restart(boolean running) throws IOException {
    if (running) {
      end();
      faultAt = Long.MAX_VALUE;
    }
    while (open == null) {
      watch();
      executor = new Trampoline();
      try {
        open = Store.openStandalone(options, storage, executor.on(fixture.nowMs::get));
      } catch (StoreFullException | DiskFullException e) {
        if (!small) {
          throw e;
        }
        storage.capacity(Long.MAX_VALUE); // room is made: without any a store can not lead
        small = false;
      }
    }
    List<Map<String, String>> possible = history.possible(fixture.nowMs.get());
    history.settle(RecoveryCheck.expect(possible, check.read(store())), store());
  }

  /** The store is closed, or the process is killed, or the machine crashes. */
  private void end() throws IOException {
    closeScans();
    Store ending = store();
    counts.manifestRolls(ending.status().manifestRolls());
    open = null;
    int way = random.nextInt(3);
    SimulatedStorage left = storage;
    if (way == 1) {
      left = storage.crash(random.nextLong());
    } else if (way == 2) {
      left = storage.kill();
    }
    boolean poisoned = ending.log().state().poisoned();
    storage.clearFaults();
    watch();
    try {
      ending.close();
    } catch (IOException e) {
      if (way == 0 && !poisoned) {
        throw e; // in the other cases the power is off
      }
    }
    storage = left;
  }

  private void closeScans() {
    held.forEach(one -> one.scan().close());
    held.clear();
  }

  private void watch() {
    storage.clearFaults();
    storage.failWhen(this::before, Fault.IO_ERROR);
  }

  /** Called before every storage operation; lets none fail. */
  private boolean before(Operation operation) {
    if (!crashing || !operation.kind().isChange()) {
      return false;
    }
    if (compacting && executor.idle() && random.nextInt(12) == 0) {
      compacting = false;
      write();
      compacting = true;
      counts.writeWithinCompaction();
    }
    if (open != null && operation.path().startsWith(ManifestState.PATH + ".")) {
      counts.crashInManifestRoll();
    }
    crashing = false; // what a check does is no crash point of this store
    try {
      long nowMs = fixture.nowMs.get();
      List<Map<String, String>> possible = history.possible(nowMs);
      check.crashed(storage.crashClone(random.nextLong()), possible, nowMs);
      // While recovery is at work the mark may be older than what was acknowledged: with it lost, a
      // damaged last record is no different from a torn one.
      if (flipping && open != null && random.nextInt(4) == 0) {
        check.flipped(storage.killClone(), possible, nowMs);
      }
    } catch (IOException | RuntimeException | AssertionError e) {
      throw new AssertionError("a crash before " + operation + ": " + e.getMessage(), e);
    } finally {
      crashing = true;
    }
    return false;
  }
}
