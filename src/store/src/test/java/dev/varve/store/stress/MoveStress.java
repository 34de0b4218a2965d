package dev.varve.store.stress;

import dev.varve.store.keydir.Keydir;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

/**
 * A write beside the move of the same key's entry by compaction (pitfalls 2 and 3; guard: {@code
 * SubTable.replace} changes the expected entry alone): version 1 is there, 2 is its copy, 3 the new
 * write. r1: the version that the write replaced; r2: whether the entry was moved; r3: what a
 * reader sees after the move; r4: what is there in the end.
 */
@JCStressTest
@Outcome(id = "1, 0, 3, 3", expect = Expect.ACCEPTABLE, desc = "the write came first")
@Outcome(id = "2, 1, [23], 3", expect = Expect.ACCEPTABLE, desc = "the move came first")
@Outcome(
    id = ".*",
    expect = Expect.FORBIDDEN,
    desc = "an old place came back, or a torn one was read")
@State
public class MoveStress {
  private static final int KEY = 7;

  private final Keydir keydir = new Keydir();

  public MoveStress() {
    Places.insert(keydir, KEY, 1);
  }

  @Actor
  public void write(IIII_Result result) {
    result.r1 = Places.update(keydir, KEY, 3);
  }

  @Actor
  public void move(IIII_Result result) {
    boolean moved = keydir.replace(Places.hash(KEY), Places.place(KEY, 1), Places.place(KEY, 2));
    result.r2 = moved ? 1 : 0;
    result.r3 = Places.version(keydir, KEY);
  }

  @Arbiter
  public void end(IIII_Result result) {
    result.r4 = Places.version(keydir, KEY);
    keydir.close();
  }
}
