package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.node.Eventually;
import dev.varve.node.TestNode;
import dev.varve.protocol.v1.AdminGrpc;
import dev.varve.protocol.v1.BackupChunk;
import dev.varve.protocol.v1.BackupRequest;
import dev.varve.protocol.v1.CheckpointRequest;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.GetResponse;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.WriteRequest;
import dev.varve.store.Restore;
import dev.varve.store.format.Crc32c;
import dev.varve.store.recovery.BackupManifest;
import dev.varve.store.recovery.Verification;
import dev.varve.store.storage.PosixStorage;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackupTest {
  private static final int KEYS = 1_000;
  @TempDir Path folder;
  private TestNode node;

  @BeforeEach
  void start() throws IOException {
    node = TestNode.standalone(folder.resolve("node"), "VARVE_KEYSPACES", "main:256Ki,objects:1Mi");
  }

  @AfterEach
  void stop() {
    node.close();
  }

  private void write(String round) {
    for (int from = 0; from < KEYS; from += 100) {
      WriteRequest.Builder batch = WriteRequest.newBuilder();
      for (int i = from; i < from + 100; i++) {
        ByteString value = ByteString.copyFromUtf8(round + "-" + "v".repeat(1000));
        batch.addMutations(Mutation.newBuilder().setPut(TestNode.put("main", "k" + i, value)));
      }
      node.data().write(batch.build());
    }
  }

  @Test
  void isTheStateOfOneSequenceWhileWritesAndCompactionGoOn() throws IOException {
    write("before");
    write("then");
    Map<String, ByteArrayOutputStream> files = new LinkedHashMap<>();
    Iterator<BackupChunk> chunks = node.admin().backup(BackupRequest.getDefaultInstance());
    int taken = 0;
    while (chunks.hasNext()) {
      BackupChunk chunk = chunks.next();
      assertEquals(
          chunk.getCrc32C(), Crc32c.of(chunk.getData().asReadOnlyByteBuffer()), chunk.getFile());
      ByteArrayOutputStream file =
          files.computeIfAbsent(chunk.getFile(), path -> new ByteArrayOutputStream());
      assertEquals(file.size(), chunk.getOffset(), chunk.getFile());
      chunk.getData().writeTo(file);
      if (taken++ == 0) { // the backup is pinned now and most of it is still to come
        write("after");
        CompactRequest compact =
            CompactRequest.newBuilder()
                .setKeyspace("main")
                .setMinBytes(0)
                .setForceDelete(true)
                .build();
        CompactionEvent.Type end = CompactionEvent.Type.STARTED;
        Iterator<CompactionEvent> events = node.admin().compact(compact);
        while (events.hasNext()) {
          end = events.next().getType();
        }
        assertEquals(CompactionEvent.Type.COMPLETED, end);
        var _ = node.admin().checkpoint(CheckpointRequest.getDefaultInstance());
        node.put("k-new", "after");
      }
    }
    Path restored = folder.resolve("restored");
    restore(files, restored);
    assertTrue(Verification.of(PosixStorage.readOnly(restored), (file, bytes, all) -> {}).clean());
    try (TestNode other = TestNode.standalone(restored)) {
      for (int i = 0; i < KEYS; i++) {
        GetResponse got = other.get("k" + i);
        assertTrue(got.getFound() && got.getValue().toStringUtf8().startsWith("then-"), "k" + i);
      }
      assertFalse(other.get("k-new").getFound());
    }
  }

  private static void restore(Map<String, ByteArrayOutputStream> files, Path into)
      throws IOException {
    ByteArrayOutputStream last = files.get(BackupManifest.PATH);
    assertTrue(last != null, "the manifest came");
    BackupManifest manifest = BackupManifest.decode(last.toByteArray());
    assertEquals(files.size() - 1, manifest.files().size());
    try (Restore restore = Restore.begin(new PosixStorage(into), manifest)) {
      for (BackupManifest.BackedUp file : manifest.files()) {
        ByteArrayOutputStream bytes = files.get(file.path());
        assertTrue(bytes != null, file.path());
        restore.write(file.path(), 0, ByteBuffer.wrap(bytes.toByteArray()));
      }
      restore.finish();
    }
  }

  /** The guard is BackupCall.awaitReady: without it all chunks are queued for the slow client. */
  @Test
  void sendsNoMoreThanTheClientTakesAndUnpinsWhenItGoes() throws IOException {
    for (int round = 0; round < 20; round++) {
      write("round-" + round);
    }
    AtomicInteger received = new AtomicInteger();
    ClientCall<BackupRequest, BackupChunk> call =
        node.channel().newCall(AdminGrpc.getBackupMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(BackupChunk chunk) {
            received.incrementAndGet();
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            received.addAndGet(1_000);
          }
        },
        new Metadata());
    call.sendMessage(BackupRequest.getDefaultInstance());
    call.halfClose();
    call.request(1);
    Eventually.holds(Duration.ofSeconds(30), () -> "a chunk", () -> received.get() == 1);
    CompactRequest compact =
        CompactRequest.newBuilder().setKeyspace("main").setMinBytes(0).setForceDelete(true).build();
    node.admin().compact(compact).forEachRemaining(event -> {});
    assertTrue(logBytes() > 15_000_000, "what the backup reads is pinned: " + logBytes());
    call.cancel("gone", null);
    Eventually.holds(
        Duration.ofSeconds(30), () -> logBytes() + " bytes", () -> logBytes() < 3_000_000);
  }

  private long logBytes() {
    try (Stream<Path> files = java.nio.file.Files.list(folder.resolve("node/main"))) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
