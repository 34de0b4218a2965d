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
 * A sub-table grows under a reader: its slots are full, so the insert copies them and gives the old
 * memory back, while a key that stays and the new one are looked up.
 */
@JCStressTest
@Outcome(id = "4, -1, 5", expect = Expect.ACCEPTABLE, desc = "read before the growth")
@Outcome(id = "4, 5, 5", expect = Expect.ACCEPTABLE, desc = "read after it")
@Outcome(
    id = ".*",
    expect = Expect.FORBIDDEN,
    desc = "a key was missed, or read from memory given back")
@State
public class GrowthStress {
  /** As many as the smallest slots hold. */
  private static final int FULL = 4;

  private final Keydir keydir = new Keydir();

  public GrowthStress() {
    for (int key = 1; key <= FULL; key++) {
      Places.insert(keydir, key, key);
    }
  }

  @Actor
  public void insert() {
    Places.insert(keydir, FULL + 1, FULL + 1);
  }

  @Actor
  public void read(III_Result result) {
    result.r1 = Places.version(keydir, FULL);
    result.r2 = Places.version(keydir, FULL + 1);
  }

  @Arbiter
  public void end(III_Result result) {
    result.r3 = Places.version(keydir, FULL + 1);
    keydir.close();
  }
}
