package dev.varve.store;

import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;

/**
 * A leader and a follower joined by hand: what the leader appends is copied when the test says so,
 * and committed when both have it.
 */
final class Replica {
  final StoreFixture fixture;
  final SimulatedStorage leaderStorage;
  final Store leader;
  SimulatedStorage storage;
  Store follower;

  Replica(StoreFixture fixture) throws IOException {
    this(fixture, new SimulatedStorage());
  }

  Replica(StoreFixture fixture, SimulatedStorage leaderStorage) throws IOException {
    SimulatedStorage own = new SimulatedStorage();
    this(fixture, leaderStorage, own, fixture.open(own));
  }

  /** A follower whose directory is the test's business. */
  Replica(StoreFixture fixture, Store follower) throws IOException {
    this(fixture, new SimulatedStorage(), new SimulatedStorage(), follower);
  }

  private Replica(
      StoreFixture fixture,
      SimulatedStorage leaderStorage,
      SimulatedStorage storage,
      Store follower)
      throws IOException {
    this.fixture = fixture;
    this.leaderStorage = leaderStorage;
    this.storage = storage;
    this.leader = fixture.open(leaderStorage);
    this.follower = follower;
    leader.log().lead(leader.log().state().last().term() + 1, listener()).join();
    replicate();
  }

  /** Whether the leader commits what is durable on it, before the follower has it. */
  boolean commits = true;

  private LogListener listener() {
    return new LogListener() {
      @Override
      public void appended(List<LogEntry> group) {}

      @Override
      public void durable(long sequence) {
        if (commits) {
          leader.log().commit(sequence);
        }
      }

      @Override
      public void failed(Throwable cause) {}
    };
  }

  /** Brings the follower up to the leader from its window, attachments first, and commits there. */
  void replicate() throws IOException {
    ShardLog from = leader.log();
    ShardLog to = follower.log();
    while (true) {
      List<LogEntry> entries = from.read(to.state().last().sequence(), 10_000);
      if (entries == null) {
        throw new IllegalStateException("no longer in the window");
      }
      if (entries.isEmpty()) {
        break;
      }
      append(entries);
    }
    to.commit(from.state().committed());
  }

  /** A log's entries after a sequence, all of which are in its window. */
  static List<LogEntry> entriesAfter(ShardLog log, long sequence) {
    List<LogEntry> entries = log.read(sequence, 1 << 20);
    if (entries == null) {
      throw new AssertionError("no longer in the window: " + sequence);
    }
    return entries;
  }

  void append(List<LogEntry> entries) throws IOException {
    ShardLog to = follower.log();
    for (Attachment missing : to.missingAttachments(entries)) {
      to.installAttachment(
          missing, (offset, target) -> leader.log().read(missing.path(), offset, target));
    }
    try {
      to.append(entries).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw e;
    }
  }

  void reopenFollower() throws IOException {
    follower.close();
    follower = fixture.open(storage);
  }

  void crashFollower(long seed) throws IOException {
    storage = storage.crash(seed);
    follower = fixture.open(storage);
  }

  /** Replaces the follower's directory by the leader's image; stops after so many writes. */
  boolean installImage(int writesMax) throws IOException {
    int writes = 0;
    try (StoreImage image = leader.log().image();
        ImageInstaller installer = ImageInstaller.begin(storage, image.files())) {
      for (ImageFile file : image.files()) {
        long local = installer.localLength(file.path());
        if (leader.log().crc(file.path(), local) != installer.localCrc(file.path())) {
          installer.discard(file.path());
          local = 0;
        }
        while (local < file.length()) {
          if (writes++ == writesMax) {
            return false;
          }
          ByteBuffer part = ByteBuffer.allocate((int) Math.min(1000, file.length() - local));
          leader.log().read(file.path(), local, part);
          installer.write(file.path(), local, part.flip());
          local += part.limit();
        }
      }
      installer.finish(image.state().last().sequence());
    }
    return true;
  }

  /** The log's files of a directory: segments and the manifest, with their bytes. */
  static List<String> files(SimulatedStorage storage, Store store) throws IOException {
    List<String> files = new ArrayList<>();
    for (KeyspaceStatus keyspace : store.status().keyspaces()) {
      for (KeyspaceStatus.SegmentStatus segment : keyspace.segments()) {
        files.add(segment.file() + " " + hash(storage, segment.file()));
      }
    }
    String manifest = "_manifest/0000000000-000000000001.log";
    files.add(manifest + " " + hash(storage, manifest));
    return files;
  }

  private static int hash(SimulatedStorage storage, String path) throws IOException {
    return java.util.Arrays.hashCode(storage.contents(path));
  }
}
