package dev.varve.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.compaction.SegmentRewriter.Liveness;
import dev.varve.store.format.SegmentId;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Location;
import dev.varve.store.segment.SegmentReader;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InputLivenessTest {
  private static final int RECORD = 100;
  private static final int RECORDS = 300;

  private final SimulatedStorage storage = new SimulatedStorage();
  private final Keydir keydir = new Keydir();

  /** Three segments, whose every third record is the newest of its key. */
  @Test
  void bothWaysFindTheSameRecordsLive() throws IOException {
    List<LiveSegment> all = List.of(segment(7), segment(2), segment(9));
    for (LiveSegment segment : all) {
      for (int i = 0; i < RECORDS; i += 3) {
        keydir.put(hash(segment, i), at(segment, i), candidate -> false);
      }
    }
    List<LiveSegment> inputs = List.of(all.get(2), all.get(0));
    List<Boolean> expected = new ArrayList<>();
    for (int i = 0; i < inputs.size() * RECORDS; i++) {
      expected.add(i % RECORDS % 3 == 0);
    }
    assertEquals(expected, answers(InputLiveness.lookup(keydir, inputs), inputs));
    assertEquals(expected, answers(InputLiveness.scan(keydir, inputs), inputs));
  }

  @Test
  void theIndexIsPassedThroughForAQuarterOfTheKeyspaceAndMore() throws IOException {
    List<LiveSegment> inputs = List.of(segment(1));
    long bytes = RECORDS * RECORD;
    assertFalse(InputLiveness.cheaper(keydir, inputs, 4 * bytes).needsHash());
    assertTrue(InputLiveness.cheaper(keydir, inputs, 4 * bytes + 4).needsHash());
  }

  private static List<Boolean> answers(Liveness liveness, List<LiveSegment> inputs) {
    List<Boolean> answers = new ArrayList<>();
    for (int source = 0; source < inputs.size(); source++) {
      LiveSegment segment = inputs.get(source);
      for (int i = 0; i < RECORDS; i++) {
        long hash = liveness.needsHash() ? hash(segment, i) : 0;
        answers.add(liveness.isLive(source, hash, at(segment, i).offset(), RECORD, false));
      }
    }
    return answers;
  }

  private LiveSegment segment(int slot) throws IOException {
    String path = "s" + slot;
    StorageFile file = storage.create(path);
    file.write(new ByteBuffer[] {ByteBuffer.allocate(RECORDS * RECORD)}, 0);
    LiveSegment segment =
        new LiveSegment(new SegmentId(1, slot), slot, new SegmentReader(file, path));
    segment.seal(RECORDS * RECORD);
    return segment;
  }

  private static long hash(LiveSegment segment, int record) {
    return Hash.of(new byte[] {(byte) segment.slot(), (byte) record, (byte) (record >> 8)});
  }

  private static Location at(LiveSegment segment, int record) {
    return new Location(segment.slot(), (long) record * RECORD, RECORD, false);
  }
}
