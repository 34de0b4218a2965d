package dev.varve.store.compaction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.format.HintReader;
import dev.varve.store.format.LogRecord;
import dev.varve.store.format.RecordBuffer;
import dev.varve.store.format.RecordKind;
import dev.varve.store.format.RunListReader;
import dev.varve.store.format.SegmentId;
import dev.varve.store.format.TemporaryFolder;
import dev.varve.store.keydir.Hash;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.segment.SegmentScanner;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.DiskFullException;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SegmentRewriterTest {

  private static final long NOW_MS = 1_000_000;
  private static final int LARGE_RECORDS = 200;

  private final SimulatedStorage storage = new SimulatedStorage();
  private final AtomicLong numbers = new AtomicLong(100);

  /** Where the newest version of each key is: source index and offset. */
  private final Map<String, String> newest = new HashMap<>();

  private final List<SegmentRewriter.Source> sources = new ArrayList<>();
  private Executor writer = Runnable::run;
  private long sequence;

  @BeforeEach
  void createKeyspace() throws IOException {
    storage.createDirectory("main");
    storage.syncDirectory("");
  }

  @Test
  void copiesExactlyTheLiveRecordsInOrderAndKeepsTheirBytes() throws IOException {
    segment(put("a", "1"), put("b", "1"), put("c", "1"));
    segment(put("b", "2"), put("d", "1"));
    SegmentRewriter.Result result = rewrite(1 << 20, 0);
    assertEquals(List.of("a=1@1", "c=1@3", "b=2@4", "d=1@5"), contents(result));
    assertEquals(5, result.recordsScanned());
    assertEquals(1, result.recordsDropped());
    assertEquals(result.bytesCopied(), result.outputs().getFirst().length());
  }

  @Test
  void sealsOutputsBeforeTheyGrowBeyondTheSegmentSize() throws IOException {
    List<LogRecord> records = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      records.add(put("key" + i, "v".repeat(50)));
    }
    segment(records.toArray(LogRecord[]::new));
    SegmentRewriter.Result result = rewrite(1024, 0);
    assertTrue(result.outputs().size() > 5);
    result.outputs().forEach(o -> assertTrue(o.length() <= 1024));
    assertEquals(100, contents(result).size());
  }

  /** Guards pitfall 1: only what lies below everything outside may lose its tombstone. */
  @Test
  void keepsTombstonesAndExpiredRecordsThatMayHideSomething() throws IOException {
    segment(tombstone("a"), expired("b"), put("c", "1"), tombstone("d"), expired("e"));
    SegmentRewriter.Result result = rewrite(1 << 20, /* droppableBelow= */ 3);
    assertEquals(List.of("c=1@3", "d deleted@4", "e=x@5"), contents(result));
    try (StorageFile file = storage.open(result.runs().runsPath("main"))) {
      RunListReader runs = new RunListReader(file, "runs");
      assertEquals(2, runs.dropped());
    }
  }

  @Test
  void rebuildsTheSameFilesFromTheRunList() throws IOException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int s = 0; s < 4; s++) {
      List<LogRecord> records = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        String key = "key" + random.nextInt(300);
        records.add(
            random.nextInt(10) == 0
                ? tombstone(key)
                : put(key, "v".repeat(random.nextInt(random.nextInt(50) == 0 ? 300_000 : 100))));
      }
      segment(records.toArray(LogRecord[]::new));
    }
    SegmentRewriter.Result result = rewrite(400_000, 200);
    List<byte[]> originals = new ArrayList<>();
    List<byte[]> hints = new ArrayList<>();
    for (OutputSegment output : result.outputs()) {
      originals.add(storage.contents(output.id().logPath("main")));
      hints.add(storage.contents(output.id().hintPath("main")));
      storage.delete(output.id().logPath("main"));
      storage.delete(output.id().hintPath("main"));
    }
    SegmentRebuilder rebuilder =
        new SegmentRebuilder(storage, "main", RateLimiter.unlimited(), CancelToken.unbounded());
    try (StorageFile file = storage.open(result.runs().runsPath("main"))) {
      RunListReader runs = new RunListReader(file, "runs");
      rebuilder.rebuild(
          runs, sources.stream().map(SegmentRewriter.Source::file).toList(), result.outputs());
      rebuilder.install();
      for (int i = 0; i < result.outputs().size(); i++) {
        SegmentId id = result.outputs().get(i).id();
        assertArrayEquals(originals.get(i), storage.contents(id.logPath("main")), "seed " + seed);
        assertArrayEquals(hints.get(i), storage.contents(id.hintPath("main")), "seed " + seed);
      }
    }
  }

  @Test
  void relocationsNameEveryRecordsOldAndNewPlace() throws IOException {
    segment(put("a", "1"), tombstone("z"), put("b", "1"));
    segment(put("a", "2"), put("c", "1"));
    SegmentRewriter.Result result = rewrite(90, 3);
    List<String> seen = new ArrayList<>();
    try (StorageFile file = storage.open(result.runs().runsPath("main"))) {
      List<HintReader> hints = new ArrayList<>();
      for (OutputSegment output : result.outputs()) {
        hints.add(new HintReader(storage.open(output.id().hintPath("main")), "hint"));
      }
      Relocations.read(
          new RunListReader(file, "runs"),
          hints,
          new Relocations.Visitor() {
            @Override
            public void moved(
                long hash,
                int source,
                long sourceOffset,
                int output,
                long outputOffset,
                int length,
                boolean tombstone,
                long expiresAtMs) {
              seen.add(
                  "moved "
                      + hash
                      + " "
                      + source
                      + ":"
                      + sourceOffset
                      + " to "
                      + output
                      + ":"
                      + outputOffset);
            }

            @Override
            public void dropped(long hash, int source, long offset, int length, boolean tombstone) {
              seen.add("dropped " + hash + " " + source + ":" + offset + " " + tombstone);
            }
          });
    }
    assertEquals(
        List.of(
            "dropped " + hash("z") + " 0:42 true",
            "moved " + hash("b") + " 0:83 to 0:0",
            "moved " + hash("a") + " 1:0 to 0:42",
            "moved " + hash("c") + " 1:42 to 1:0"),
        seen);
  }

  /**
   * Guards pitfalls 8 and 12: {@code Outputs.discard}. On a full disk the run ends with DiskFull
   * and leaves nothing behind.
   */
  @Test
  void leavesNothingBehindWhenAnyOperationFails() throws IOException {
    List<LogRecord> records = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      records.add(put("key" + i, "v".repeat(40)));
    }
    segment(records.toArray(LogRecord[]::new));
    List<String> before = storage.list("main");
    long from = storage.operations();
    rewrite(1024, 0);
    long operations = storage.operations() - from;
    assertTrue(operations > 20, "operations: " + operations);
    for (String name : storage.list("main")) {
      if (!before.contains(name)) {
        storage.delete("main/" + name);
      }
    }
    int failures = 0;
    for (long n = 1; n <= operations; n++) {
      storage.failOperation(storage.operations() + n, Fault.DISK_FULL);
      SegmentRewriter rewriter = rewriter(1024, CancelToken.unbounded());
      try {
        SegmentRewriter.Result result = rewriter.rewrite(sources, this::isNewest, 0, NOW_MS);
        rewriter.install();
        storage.clearFaults();
        rewriter.discard(result, new IOException("not committed"));
      } catch (IOException e) {
        failures++;
        storage.clearFaults();
      }
      assertEquals(before, storage.list("main"), "after failing operation " + n);
    }
    assertTrue(failures > operations / 2, failures + " of " + operations);
  }

  @Test
  void stopsWhenToldToAndLeavesNothingBehind() throws IOException {
    segment(put("a", "1"));
    List<String> before = storage.list("main");
    CancelToken token = CancelToken.unbounded();
    token.cancel(CancelToken.CANCELLED);
    CompactionCancelledException e =
        assertThrows(
            CompactionCancelledException.class,
            () -> rewriter(1024, token).rewrite(sources, this::isNewest, 0, NOW_MS));
    assertEquals(CancelToken.CANCELLED, e.reason());
    assertEquals(before, storage.list("main"));
  }

  @Test
  void stopsWithTimeoutAtItsDeadline() throws IOException {
    segment(put("a", "1"));
    AtomicLong clock = new AtomicLong();
    CancelToken token = CancelToken.withTimeout(clock::get, 1000);
    token.check();
    clock.set(1000);
    assertEquals(
        CancelToken.TIMEOUT,
        assertThrows(CompactionCancelledException.class, token::check).reason());
  }

  @Test
  void refusesADamagedInputNamingFileAndOffset() throws IOException {
    segment(put("a", "1"), put("b", "1"), put("c", "1"));
    storage.flipBit("main/" + new SegmentId(1, 100).name() + ".log", (42 + 41) * 8);
    CorruptRecordException e = assertThrows(CorruptRecordException.class, () -> rewrite(1024, 0));
    assertEquals(42, e.offset());
    assertEquals("main/0000000001-000000000100.log", e.file());
  }

  /** Bytes per second hold over any second, and waiting is done in steps that look at the token. */
  @Test
  void holdsTheRate() throws IOException {
    AtomicLong clock = new AtomicLong();
    RateLimiter limiter = RateLimiter.of(1_000_000, clock::get, clock::addAndGet);
    for (int i = 0; i < 100; i++) {
      limiter.acquire(100_000, CancelToken.unbounded());
    }
    assertEquals(10.0, clock.get() / 1e9, 0.2);
  }

  /** Guards the buffers: none is filled again before the other thread has written it. */
  @Test
  void aWriterThatIsLateWritesTheSameBytes() throws IOException {
    List<LogRecord> records = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      records.add(put("key" + i, ("value" + i).repeat(30)));
    }
    records.add(put("large", "v".repeat(300_000)));
    records.add(put("last", "v"));
    segment(records.toArray(LogRecord[]::new));
    List<String> expected = contents(rewrite(500_000, 0));
    Thread caller = Thread.currentThread();
    writer =
        work ->
            Thread.ofPlatform()
                .start(
                    () -> {
                      while (caller.getState() != Thread.State.WAITING) {
                        Thread.onSpinWait();
                      }
                      work.run();
                    });
    assertEquals(expected, contents(rewrite(500_000, 0)));
  }

  @Test
  void aLateWritersFullDiskEndsTheRunAndLeavesNothing() throws IOException {
    List<LogRecord> records = new ArrayList<>();
    for (int i = 0; i < 3000; i++) {
      records.add(put("key" + i, ("value" + i).repeat(30)));
    }
    segment(records.toArray(LogRecord[]::new));
    List<String> before = storage.list("main");
    try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
      writer = thread;
      storage.failWhen(
          operation -> operation.kind() == Operation.Kind.WRITE && operation.bytes() > 100_000,
          Fault.DISK_FULL);
      assertThrows(DiskFullException.class, () -> rewrite(1 << 20, 0));
    }
    assertEquals(before, storage.list("main"));
  }

  /**
   * Guards pitfall 16: {@code SegmentScanner.BUFFER_BYTES} and {@code Outputs.BUFFER_BYTES}.
   * Rebuilding guards {@code SegmentRebuilder.BUFFER_BYTES}.
   */
  @Test
  void holdsNoMoreThanItsBuffersTake() throws IOException {
    String input = largeSegment();
    AtomicLong most = mostHeldOf(input);
    SegmentRewriter.Result result = rewrite(1 << 30, 0);
    assertEquals(LARGE_RECORDS, result.recordsScanned());
    assertHeldInBuffers(most);

    OutputSegment output = result.outputs().getFirst();
    storage.delete(output.id().logPath("main"));
    storage.delete(output.id().hintPath("main"));
    storage.clearFaults();
    most = mostHeldOf(input);
    try (StorageFile file = storage.open(result.runs().runsPath("main"))) {
      new SegmentRebuilder(storage, "main", RateLimiter.unlimited(), CancelToken.unbounded())
          .rebuild(
              new RunListReader(file, "runs"),
              List.of(sources.getFirst().file()),
              result.outputs());
    }
    assertHeldInBuffers(most);
  }

  /** Guards pitfall 16 too: {@code FileCopy.BUFFER_BYTES}. */
  @Test
  void aFilesCopyHoldsNoMoreThanItsBuffersTake() throws IOException {
    String input = largeSegment();
    AtomicLong most = mostHeldOf(input);
    SegmentRewriter.Source source = sources.getFirst();
    try (FileCopy copy =
        new FileCopy(
            storage,
            "main",
            source,
            nextId(),
            nextId(),
            CancelToken.unbounded(),
            (read, total) -> {})) {
      copy.copyFirst(source.length(), this::isNewest, NOW_MS, 0, RateLimiter.unlimited());
      assertEquals(source.length(), copy.copyLast(source.length()).length());
    }
    assertHeldInBuffers(most);
  }

  /** A segment of 12 MiB; returns its path. */
  private String largeSegment() throws IOException {
    String value = "v".repeat(60 << 10);
    List<LogRecord> records = new ArrayList<>();
    for (int i = 0; i < LARGE_RECORDS; i++) {
      records.add(put("key-" + i, value));
    }
    segment(records.toArray(LogRecord[]::new));
    return sources.getFirst().id().logPath("main");
  }

  /**
   * What is read of a segment and not yet written is in memory: the most there ever is from now on.
   */
  private AtomicLong mostHeldOf(String input) {
    AtomicLong held = new AtomicLong();
    AtomicLong most = new AtomicLong();
    storage.failWhen(
        operation -> {
          if (operation.kind() == Operation.Kind.READ && operation.path().equals(input)) {
            held.addAndGet(operation.bytes());
          } else if (operation.kind() == Operation.Kind.WRITE
              && operation.path().endsWith(SegmentId.LOG_SUFFIX + SegmentId.TEMPORARY_SUFFIX)) {
            held.addAndGet(-operation.bytes());
          }
          most.accumulateAndGet(held.get(), Math::max);
          return false;
        },
        Fault.IO_ERROR);
    return most;
  }

  private static void assertHeldInBuffers(AtomicLong most) {
    assertTrue(most.get() >= 256 << 10 && most.get() <= 1 << 20, "held: " + most);
  }

  private SegmentId nextId() {
    return new SegmentId(1, numbers.getAndIncrement());
  }

  private boolean isNewest(int source, long hash, long offset, int length, boolean tombstone) {
    return newest.containsValue(hash + "@" + source + ":" + offset);
  }

  private SegmentRewriter rewriter(long segmentBytesMax, CancelToken token) {
    return new SegmentRewriter(
        storage,
        "main",
        segmentBytesMax,
        this::nextId,
        TemporaryFolder.BESIDE_OUTPUTS,
        RateLimiter.unlimited(),
        token,
        (read, total) -> {},
        Long.MAX_VALUE,
        writer);
  }

  private SegmentRewriter.Result rewrite(long segmentBytesMax, long droppableBelow)
      throws IOException {
    SegmentRewriter rewriter = rewriter(segmentBytesMax, CancelToken.unbounded());
    SegmentRewriter.Result result =
        rewriter.rewrite(sources, this::isNewest, droppableBelow, NOW_MS);
    rewriter.install();
    for (OutputSegment output : result.outputs()) {
      try (StorageFile file = storage.open(output.id().logPath("main"))) {
        assertEquals(output.length(), file.size());
        assertEquals(output.crc(), FileChecksum.of(file, file.size()));
      }
    }
    return result;
  }

  private List<String> contents(SegmentRewriter.Result result) throws IOException {
    List<String> all = new ArrayList<>();
    for (OutputSegment output : result.outputs()) {
      StorageFile file = storage.open(output.id().logPath("main"));
      SegmentScanner scanner = new SegmentScanner(file, "output", 0, output.length());
      while (scanner.next()) {
        LogRecord record = scanner.record();
        String key = new String(record.key(), StandardCharsets.UTF_8);
        String value = new String(record.value(), StandardCharsets.UTF_8);
        all.add(
            key
                + (record.kind() == RecordKind.PUT ? "=" + value : " deleted")
                + "@"
                + record.sequence());
      }
      file.close();
    }
    return all;
  }

  private void segment(LogRecord... records) throws IOException {
    RecordBuffer buffer = new RecordBuffer(1024);
    int index = sources.size();
    for (LogRecord record : records) {
      int offset = buffer.add(record);
      newest.put(
          new String(record.key(), StandardCharsets.UTF_8),
          Hash.of(record.key()) + "@" + index + ":" + offset);
    }
    SegmentId id = nextId();
    StorageFile file = storage.create(id.logPath("main"));
    file.write(new ByteBuffer[] {buffer.bytes()}, 0);
    file.sync();
    sources.add(new SegmentRewriter.Source(id, file, file.size()));
  }

  private LogRecord put(String key, String value) {
    return record(RecordKind.PUT, key, value, 0);
  }

  private LogRecord expired(String key) {
    return record(RecordKind.PUT, key, "x", NOW_MS);
  }

  private LogRecord tombstone(String key) {
    return record(RecordKind.TOMBSTONE, key, "", 0);
  }

  private LogRecord record(RecordKind kind, String key, String value, long expiresAtMs) {
    return new LogRecord(kind, ++sequence, 1, 0, 1, expiresAtMs, bytes(key), bytes(value));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static long hash(String key) {
    return Hash.of(bytes(key));
  }
}
