package dev.varve.store.stress;

import dev.varve.store.keydir.Keydir;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Compaction drops a tombstone's entry while its neighbours are read: entries behind it move back
 * by one slot. A write of the same key beside it wins whichever comes first. r1: the neighbour; r2:
 * what the removal said; r3: what is there of the key in the end.
 */
@JCStressTest
@Outcome(id = "3, 1, 9", expect = Expect.ACCEPTABLE, desc = "removed, then written anew")
@Outcome(id = "3, 0, 9", expect = Expect.ACCEPTABLE, desc = "written, so not removed")
@Outcome(id = ".*", expect = Expect.FORBIDDEN, desc = "the neighbour was missed, or the write lost")
@State
public class RemovalStress {
  private final Keydir keydir = new Keydir();

  public RemovalStress() {
    for (int key = 1; key <= 3; key++) {
      Places.insert(keydir, key, key);
    }
  }

  @Actor
  public void drop(III_Result result) {
    result.r2 = keydir.replace(Places.hash(1), Places.place(1, 1), null) ? 1 : 0;
  }

  @Actor
  public void write(III_Result result) {
    Places.update(keydir, 1, 9);
    result.r1 = Places.version(keydir, 3);
  }

  @Arbiter
  public void end(III_Result result) {
    result.r3 = Places.version(keydir, 1);
    keydir.close();
  }
}
