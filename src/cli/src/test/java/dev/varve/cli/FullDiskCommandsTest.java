package dev.varve.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.varve.client.FakeCluster;
import dev.varve.protocol.v1.BackupChunk;
import dev.varve.store.Backup;
import dev.varve.store.KeyspaceOptions;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.WriteBatch;
import dev.varve.store.format.Crc32c;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.storage.PosixStorage;
import dev.varve.store.storage.SmallDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The commands that write many bytes, where the disk that they write to has no room for them. */
class FullDiskCommandsTest {
  private static final StoreOptions OPTIONS =
      StoreOptions.defaults()
          .withKeyspaces(List.of(new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 64 << 10)))
          .withBallastBytes(0);

  @RegisterExtension final SmallDisk disk = new SmallDisk(4 << 20);
  @TempDir Path folder = Path.of("");

  /** Every other record is dead, wherever one looks. */
  private static void fill(Path directory) throws IOException {
    Random random = new Random(1);
    byte[] value = new byte[1000];
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(OPTIONS, new PosixStorage(directory), runtime)) {
      for (int i = 0; i < 600; i++) {
        random.nextBytes(value);
        store.write(new WriteBatch().put("main", key(i % 2 == 0 ? 0 : i), value)).join();
      }
    }
  }

  private static byte[] key(int number) {
    return ("key-" + number).getBytes(UTF_8);
  }

  private static int liveKeys(Path directory) throws IOException {
    try (StoreRuntime runtime = StoreRuntime.threads("test");
        Store store = Store.openStandalone(OPTIONS, new PosixStorage(directory), runtime)) {
      int found = 0;
      for (int i = 0; i < 600; i++) {
        if (store.get("main", key(i)) != null) {
          found++;
        }
      }
      return found;
    }
  }

  private List<BackupChunk> chunks() throws IOException, InterruptedException {
    Path directory = folder.resolve("store");
    fill(directory);
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

  private static void assertSaysFull(CommandRun run, String file) {
    String said = run.err() + run.out();
    assertEquals(1, run.code(), said);
    assertTrue(said.toLowerCase(Locale.ROOT).contains("no space left"), said);
    assertTrue(said.contains(file), said);
  }

  @Test
  void aBackupThatFindsNoRoomSaysWhichFileAndIsNone() throws IOException, InterruptedException {
    List<BackupChunk> chunks = chunks();
    try (FakeCluster cluster = FakeCluster.start(1)) {
      cluster.primaryNode().admin().backup(chunks);
      String endpoint = cluster.primaryNode().address().toString();
      Path plain = disk.path("backup");
      disk.fill(20);
      assertSaysFull(CommandRun.of("backup", plain.toString(), "--endpoint", endpoint), "main/");
      CommandRun refused =
          CommandRun.of("restore", plain.toString(), folder.resolve("r").toString());
      assertTrue(refused.err().contains("is no whole backup"), refused.err());
      disk.makeRoom();
      disk.fill(20);
      Path tar = disk.path("backup.tar");
      assertSaysFull(
          CommandRun.of("backup", tar.toString(), "--archive", "--endpoint", endpoint),
          tar.toString());
      assertFalse(Files.exists(tar));
      disk.makeRoom();
      CommandRun whole =
          CommandRun.of("backup", tar.toString(), "--archive", "--endpoint", endpoint);
      assertEquals(0, whole.code(), whole.err());
    }
  }

  @Test
  void aRestoreThatFindsNoRoomSaysWhichFileAndIsDoneAgainWithRoom()
      throws IOException, InterruptedException {
    List<BackupChunk> chunks = chunks();
    Path backup = folder.resolve("backup");
    try (FakeCluster cluster = FakeCluster.start(1)) {
      cluster.primaryNode().admin().backup(chunks);
      String endpoint = cluster.primaryNode().address().toString();
      assertEquals(0, CommandRun.of("backup", backup.toString(), "--endpoint", endpoint).code());
    }
    Path target = disk.path("restored");
    disk.fill(20);
    assertSaysFull(CommandRun.of("restore", backup.toString(), target.toString()), "main/");
    disk.makeRoom();
    CommandRun again = CommandRun.of("restore", backup.toString(), target.toString());
    assertEquals(0, again.code(), again.err());
    assertEquals(301, liveKeys(target));
  }

  @Test
  void anOfflineCompactionThatFindsNoRoomFailsAndLosesNothing() throws IOException {
    Path directory = disk.path("store");
    fill(directory);
    disk.fill(2);
    assertSaysFull(CommandRun.of("compact", directory.toString(), "--force"), "");
    disk.makeRoom();
    assertEquals(301, liveKeys(directory));
    CommandRun with = CommandRun.of("compact", directory.toString(), "--force");
    assertEquals(0, with.code(), with.err());
    assertEquals(301, liveKeys(directory));
  }
}
