package dev.varve.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import dev.varve.client.FakeCluster;
import dev.varve.protocol.v1.BackupChunk;
import dev.varve.store.Backup;
import dev.varve.store.CompactionRequest;
import dev.varve.store.KeyspaceOptions;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.compaction.Strategy;
import dev.varve.store.format.Crc32c;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.Layout;
import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OfflineCommandsTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withKeyspaces(List.of(new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 64 << 10)));

  @TempDir Path folder = Path.of("");
  private Path directory = Path.of("");

  @BeforeEach
  void fill() throws IOException {
    directory = folder.resolve("store");
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(OPTIONS, new PosixStorage(directory), runtime)) {
      for (int i = 0; i < 600; i++) {
        WriteBatch batch = new WriteBatch();
        batch.put("main", ("key-" + i % 100).getBytes(UTF_8), new byte[1000]);
        store.write(batch).join();
      }
    }
  }

  private CommandRun varve(String... args) {
    return CommandRun.of(args);
  }

  private Path firstSegment() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("main"))) {
      return files.filter(f -> f.toString().endsWith(".log")).sorted().findFirst().orElseThrow();
    }
  }

  private void damage(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= 4;
    Files.write(file, bytes);
  }

  @Test
  void verifyEndsWith0WhenNothingIsWrongAndWith1WhenSomethingIs() throws IOException {
    CommandRun clean = varve("verify", directory.toString());
    assertEquals(0, clean.code(), clean.err());
    assertTrue(clean.out().startsWith("clean: "), clean.out());
    damage(firstSegment(), 5_000);
    CommandRun damaged = varve("verify", directory.toString());
    assertEquals(1, damaged.code());
    assertTrue(damaged.out().contains("DAMAGE"), damaged.out());
    assertTrue(damaged.out().contains("main/" + firstSegment().getFileName()), damaged.out());
    JsonObject json =
        JsonParser.parseString(varve("verify", directory.toString(), "--output", "json").out())
            .getAsJsonObject();
    assertFalse(json.get("clean").getAsBoolean());
    assertEquals(
        4180, json.getAsJsonArray("findings").get(0).getAsJsonObject().get("offset").getAsInt());
  }

  @Test
  void repairSaysWhatIsLostAndTheStoreOpensAfterwards() throws IOException {
    CommandRun nothing = varve("repair", directory.toString());
    assertEquals(4, nothing.code(), nothing.err());
    assertEquals("nothing to repair", nothing.out().strip());
    damage(firstSegment(), 5_000);
    CommandRun repaired = varve("repair", directory.toString());
    assertEquals(0, repaired.code(), repaired.err());
    assertTrue(repaired.out().contains("lost value of key key-4 in main"), repaired.out());
    assertEquals(0, varve("verify", directory.toString()).code());
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(OPTIONS, new PosixStorage(directory), runtime)) {
      assertNotNull(store.get("main", "key-4".getBytes(UTF_8)), "a later value is there");
    }
  }

  /** What docs/recovery.md says of a file that a swap has closed. */
  @Test
  void worksOnSingleFilesAndMakesAStoreOfAnOldOne() throws IOException {
    Path single = folder.resolve("single");
    StoreOptions options = OPTIONS.withLayout(Layout.SINGLE_FILE);
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(options, new PosixStorage(single), runtime)) {
      for (int i = 0; i < 300; i++) {
        WriteBatch batch = new WriteBatch();
        batch.put("main", ("key-" + i % 10).getBytes(UTF_8), new byte[1000]);
        store.write(batch).join();
      }
    }
    assertEquals(0, varve("verify", single.toString()).code());
    CommandRun done = varve("compact", single.toString(), "--min-bytes", "0");
    assertEquals(0, done.code(), done.err());
    assertTrue(done.out().contains("main completed"), done.out());
    CommandRun verified = varve("verify", single.toString());
    assertEquals(0, verified.code(), verified.out());
    Path old;
    try (Stream<Path> files = Files.list(single.resolve("main"))) {
      old = files.filter(f -> f.toString().endsWith(".log.old")).findFirst().orElseThrow();
    }
    Path made = folder.resolve("made");
    Files.createDirectories(made.resolve("main"));
    String name = String.valueOf(old.getFileName());
    Files.copy(old, made.resolve("main").resolve(name.substring(0, name.length() - 4)));
    CommandRun repaired = varve("repair", made.toString());
    assertEquals(0, repaired.code(), repaired.err());
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(OPTIONS, new PosixStorage(made), runtime)) {
      assertEquals(10, store.status().keyspaces().getFirst().liveKeys());
      assertTrue(store.status().keyspaces().getFirst().totalBytes() > 300_000, "dead ones too");
    }
  }

  @Test
  void repairUndoesACompactionUntilACheckpointHasLetItGo() throws IOException {
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(OPTIONS, new PosixStorage(directory), runtime)) {
      CompactionOptions shift = new CompactionOptions("main", Strategy.SHIFT, 0, 0, 0, 1, false);
      store.compact(
          new CompactionRequest("mistake", shift, false, 0), event -> {}, CancelToken.unbounded());
      assertTrue(store.status().keyspaces().getFirst().liveKeys() < 100);
    }
    CommandRun unknown = varve("repair", directory.toString(), "--undo-compaction", "other");
    assertEquals(1, unknown.code());
    assertTrue(unknown.err().contains("no compaction by a run called other"), unknown.err());
    CommandRun undone = varve("repair", directory.toString(), "--undo-compaction", "mistake");
    assertEquals(0, undone.code(), undone.err());
    assertTrue(undone.out().contains("restored main/"), undone.out());
    assertTrue(undone.out().contains("undone: mistake; "), undone.out());
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(OPTIONS, new PosixStorage(directory), runtime)) {
      assertEquals(100, store.status().keyspaces().getFirst().liveKeys());
    }
  }

  @Test
  void compactReclaimsOfflineAndSaysHowMuch() throws IOException {
    CommandRun done = varve("compact", directory.toString(), "--min-bytes", "0");
    assertEquals(0, done.code(), done.err());
    assertTrue(done.out().contains("main completed"), done.out());
    assertTrue(done.out().contains("reclaimed"), done.out());
    long bytes;
    try (Stream<Path> files = Files.list(directory.resolve("main"))) {
      bytes =
          files
              .filter(f -> f.toString().endsWith(".log"))
              .mapToLong(f -> f.toFile().length())
              .sum();
    }
    assertTrue(bytes < 200_000, bytes + " bytes are left of 624,000");
    assertEquals(4, varve("compact", directory.toString(), "--min-bytes", "0").code());
    assertEquals(0, varve("verify", directory.toString()).code());
  }

  @Test
  void refusesADirectoryThatIsOpenOrAMembersOrNoStore() throws IOException {
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store _ = Store.openStandalone(OPTIONS, new PosixStorage(directory), runtime)) {
      for (String command : List.of("verify", "repair", "compact")) {
        CommandRun run = varve(command, directory.toString());
        assertEquals(1, run.code(), command);
        assertTrue(run.err().contains("is already open in this or another process"), run.err());
      }
    }
    Files.writeString(directory.resolve("_r-member"), "member=a.1\nfounders=a.1,b.2\n");
    CommandRun member = varve("compact", directory.toString());
    assertEquals(1, member.code());
    assertTrue(member.err().contains("belongs to a member of a replicated shard"), member.err());
    for (String command : List.of("verify", "repair", "compact")) {
      assertEquals(2, varve(command, folder.resolve("absent").toString()).code());
      assertEquals(
          2, varve(command, Files.createDirectories(folder.resolve("e")).toString()).code());
    }
    assertFalse(Files.exists(folder.resolve("absent")));
  }

  private List<BackupChunk> chunks() throws IOException, InterruptedException {
    List<BackupChunk> chunks = new ArrayList<>();
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(OPTIONS, new PosixStorage(directory), runtime);
        Backup backup = Backup.begin(store)) {
      backup.send(
          (file, length, offset, bytes) ->
              chunks.add(
                  BackupChunk.newBuilder()
                      .setFile(file)
                      .setFileLength(length)
                      .setOffset(offset)
                      .setCrc32C(Crc32c.of(bytes))
                      .setData(ByteString.copyFrom(bytes))
                      .build()));
    }
    return chunks;
  }

  @Test
  void backsUpToADirectoryOrATarFileAndRestoresEither() throws IOException, InterruptedException {
    List<BackupChunk> chunks = chunks();
    try (FakeCluster cluster = FakeCluster.start(1)) {
      cluster.primaryNode().admin().backup(chunks);
      String endpoint = cluster.primaryNode().address().toString();
      Path plain = folder.resolve("backup");
      Path tar = folder.resolve("backup.tar");
      CommandRun first = varve("backup", plain.toString(), "--endpoint", endpoint);
      assertEquals(0, first.code(), first.err());
      CommandRun second = varve("backup", tar.toString(), "--archive", "--endpoint", endpoint);
      assertEquals(0, second.code(), second.err());
      assertTrue(second.out().startsWith("backed up "), second.out());
      assertEquals(2, varve("backup", plain.toString(), "--endpoint", endpoint).code());
      assertEquals(2, varve("backup", tar.toString(), "--archive", "--endpoint", endpoint).code());
      for (Path backup : List.of(plain, tar)) {
        Path target = folder.resolve("restored-" + backup.getFileName());
        CommandRun restored = varve("restore", backup.toString(), target.toString());
        assertEquals(0, restored.code(), restored.err());
        assertEquals(2, varve("restore", backup.toString(), target.toString()).code());
        try (StoreRuntime runtime = StoreRuntime.threads("test");
            Store store = Store.openStandalone(OPTIONS, new PosixStorage(target), runtime)) {
          assertEquals(100, store.status().keyspaces().getFirst().liveKeys());
        }
      }
    }
  }

  @Test
  void aBackupThatBreaksOffOrArrivesDamagedIsNone() throws IOException, InterruptedException {
    List<BackupChunk> chunks = chunks();
    try (FakeCluster cluster = FakeCluster.start(1)) {
      String endpoint = cluster.primaryNode().address().toString();
      cluster.primaryNode().admin().backup(chunks.subList(0, chunks.size() - 1));
      Path tar = folder.resolve("backup.tar");
      CommandRun brokenOff = varve("backup", tar.toString(), "--archive", "--endpoint", endpoint);
      assertEquals(1, brokenOff.code());
      assertTrue(brokenOff.err().contains("broke off"), brokenOff.err());
      assertFalse(Files.exists(tar));
      Path plain = folder.resolve("backup");
      assertEquals(1, varve("backup", plain.toString(), "--endpoint", endpoint).code());
      CommandRun refused = varve("restore", plain.toString(), folder.resolve("r").toString());
      assertEquals(1, refused.code());
      assertTrue(refused.err().contains("is no whole backup"), refused.err());
      List<BackupChunk> damaged = new ArrayList<>(chunks);
      damaged.set(0, chunks.getFirst().toBuilder().setCrc32C(1).build());
      cluster.primaryNode().admin().backup(damaged);
      CommandRun wrong = varve("backup", folder.resolve("b2").toString(), "--endpoint", endpoint);
      assertEquals(1, wrong.code());
      assertTrue(wrong.err().contains("another CRC32C"), wrong.err());
    }
  }

  @Test
  void restoreFindsAChangedByteAndLeavesNothingThatOpens()
      throws IOException, InterruptedException {
    List<BackupChunk> chunks = chunks();
    try (FakeCluster cluster = FakeCluster.start(1)) {
      cluster.primaryNode().admin().backup(chunks);
      Path backup = folder.resolve("backup");
      String endpoint = cluster.primaryNode().address().toString();
      assertEquals(0, varve("backup", backup.toString(), "--endpoint", endpoint).code());
      damage(backup.resolve("main").resolve(firstSegment().getFileName()), 5_000);
      Path target = folder.resolve("restored");
      CommandRun refused = varve("restore", backup.toString(), target.toString());
      assertEquals(1, refused.code());
      assertTrue(refused.err().contains("another CRC32C"), refused.err());
      CommandRun verified = varve("verify", target.toString());
      assertEquals(1, verified.code());
      assertTrue(verified.out().contains("half an image or backup"), verified.out());
    }
  }
}
