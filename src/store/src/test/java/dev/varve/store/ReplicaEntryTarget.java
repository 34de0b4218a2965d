package dev.varve.store;

import static dev.varve.store.StoreFixture.bytes;

import dev.varve.store.format.Mending;
import dev.varve.store.fuzz.Target;
import dev.varve.store.manifest.Edit;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.manifest.ManifestState;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * What a leader sends, under the fuzzer: the first byte chooses the file, the rest are the records
 * of one entry. A follower takes them or refuses them; it is not poisoned by them, nor by applying
 * what it took.
 */
public final class ReplicaEntryTarget implements Target {
  private static final List<KeyspaceOptions> KEYSPACES =
      List.of(
          new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, StoreFixture.SEGMENT_BYTES),
          new KeyspaceOptions("events", KeyspaceType.STREAM, StoreFixture.SEGMENT_BYTES));

  private static final String[] PREFIXES = {"main/", "events/", "_manifest/"};

  private final StoreFixture fixture = new StoreFixture(KEYSPACES);

  /** At the end of {@link #before}; made anew when an input was taken. */
  private Store follower;

  private final List<LogEntry> before;

  public ReplicaEntryTarget() throws IOException {
    before = Replica.entriesAfter(leader().log(), 0);
    follower = fixture.open(new SimulatedStorage());
    catchUp();
  }

  private Store leader() throws IOException {
    Replica pair = new Replica(fixture);
    StoreFixture.put(pair.leader, "main", "a", "1");
    pair.leader.stream("events").append(List.of(bytes("entry"))).join();
    return pair.leader;
  }

  private void catchUp() {
    follower.log().append(before).join();
    follower.log().commit(before.getLast().sequence());
  }

  @Override
  public String name() {
    return "replicaEntry";
  }

  @Override
  public Map<String, byte[]> valid() throws IOException {
    Map<String, byte[]> valid = new LinkedHashMap<>();
    Store batch = leader();
    StoreFixture.put(batch, "main", "b", "2");
    valid.put("batch", input(batch));
    Store entries = leader();
    entries.stream("events").append(List.of(bytes("next"), new byte[0])).join();
    valid.put("entries", input(entries));
    Store edit = leader();
    edit.log().propose(new Edit.Membership(List.of("member-a"))).join();
    valid.put("edit", input(edit));
    return valid;
  }

  /** The last entry of a log as an input of {@link #decode}. */
  private static byte[] input(Store store) {
    long last = store.log().state().last().sequence();
    LogEntry entry = Replica.entriesAfter(store.log(), last - 1).getFirst();
    Chunk chunk = entry.chunks().getFirst();
    byte[] input = new byte[1 + chunk.length()];
    for (int i = 0; i < PREFIXES.length; i++) {
      if (chunk.path().startsWith(PREFIXES[i])) {
        input[0] = (byte) i;
      }
    }
    chunk.bytes().get(input, 1, chunk.length());
    return input;
  }

  @Override
  public byte[] mended(byte[] bytes) {
    if (bytes.length == 0) {
      return bytes;
    }
    byte[] records = Mending.records(java.util.Arrays.copyOfRange(bytes, 1, bytes.length));
    System.arraycopy(records, 0, bytes, 1, records.length);
    return bytes;
  }

  @Override
  public void decode(byte[] bytes) throws IOException {
    if (bytes.length == 0) {
      return;
    }
    LogPosition last = follower.log().state().last();
    String prefix = PREFIXES[Math.floorMod(bytes[0], PREFIXES.length)];
    ByteBuffer records = ByteBuffer.wrap(bytes, 1, bytes.length - 1).slice();
    LogEntry entry =
        new LogEntry(
            last.sequence() + 1,
            last.term(),
            List.of(new Chunk(path(prefix), end(prefix), records)));
    CompletableFuture<LogState> taken = follower.log().append(List.of(entry));
    boolean whole = false;
    try {
      follower.log().commit(taken.get().last().sequence());
      whole = true;
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof StoreException)
          || e.getCause() instanceof StorePoisonedException) {
        throw new AssertionError("an entry was not refused as such", e.getCause());
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    LogState state = follower.log().state();
    if (state.poisoned() || (!whole && !state.last().equals(last))) {
      throw new AssertionError("an entry left the follower in " + state);
    }
    if (whole) {
      anew();
    }
  }

  private String path(String prefix) {
    if (prefix.startsWith("_")) {
      return ManifestState.PATH;
    }
    return StoreFixture.keyspace(follower, prefix.substring(0, prefix.length() - 1))
        .segments()
        .getLast()
        .file();
  }

  /** Where the file ends: behind the last entry that touched it. */
  private long end(String prefix) {
    long end = 0;
    for (LogEntry entry : before) {
      for (Chunk chunk : entry.chunks()) {
        if (chunk.path().startsWith(prefix)) {
          end = Math.max(end, chunk.offset() + chunk.length());
        }
      }
    }
    return end;
  }

  private void anew() throws IOException {
    follower.close();
    follower = fixture.open(new SimulatedStorage());
    catchUp();
  }
}
