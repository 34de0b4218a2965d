package dev.varve.store.stress;

import dev.varve.store.segment.SegmentReader;
import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * A segment is retired while another thread takes and gives back references (pitfall 7; guard:
 * {@code SegmentReader.tryAcquire}). r1 and r2: 0 if the segment was refused, 1 if it was there
 * from taking to giving back, 2 if it was ended meanwhile; r3: how often it was ended.
 */
@JCStressTest
@Outcome(id = "[01], [01], 1", expect = Expect.ACCEPTABLE, desc = "ended once, under no reader")
@Outcome(id = ".*", expect = Expect.FORBIDDEN, desc = "ended under a reader, twice or never")
@State
public class RetirementStress {
  private final SegmentReader segment = new SegmentReader(file(), "main.log");
  private volatile int ended;

  private static StorageFile file() {
    try {
      return new SimulatedStorage().create("main.log");
    } catch (IOException e) {
      throw new AssertionError("memory does not fail", e);
    }
  }

  private int use() {
    if (!segment.tryAcquire()) {
      return 0;
    }
    int seen = ended;
    segment.release();
    return seen == 0 ? 1 : 2;
  }

  @Actor
  public void reader(III_Result result) {
    result.r1 = use();
  }

  @Actor
  @SuppressWarnings("NonAtomicVolatileUpdate") // run twice it would show in one of the results
  public void retire(III_Result result) {
    segment.retire(() -> ended = ended + 1);
    result.r2 = use();
  }

  @Arbiter
  public void end(III_Result result) {
    result.r3 = ended;
  }
}
