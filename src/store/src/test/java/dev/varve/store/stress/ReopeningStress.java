package dev.varve.store.stress;

import dev.varve.store.simulation.SimulatedStorage;
import dev.varve.store.storage.BoundedStorage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/**
 * Two files of which one may be open: each read has the other's handle closed. One is deleted
 * meanwhile and must stay readable. r1, r2 and r3: what was read of the first file, the second, and
 * the first in the end; 0 if a handle was used that was closed, or the wrong file.
 */
@JCStressTest
@Outcome(id = "1, 2, 1", expect = Expect.ACCEPTABLE, desc = "each read found its file")
@Outcome(id = ".*", expect = Expect.FORBIDDEN, desc = "a read without its file")
@State
public class ReopeningStress {
  private final BoundedStorage storage = new BoundedStorage(new SimulatedStorage(), 1);
  private final StorageFile first = file("first", 1);
  private final StorageFile second = file("second", 2);

  private StorageFile file(String name, int content) {
    try {
      StorageFile file = storage.create(name);
      file.write(new ByteBuffer[] {ByteBuffer.wrap(new byte[] {(byte) content})}, 0);
      file.sync();
      return file;
    } catch (IOException e) {
      throw new AssertionError("memory does not fail", e);
    }
  }

  private static int read(StorageFile file) {
    ByteBuffer target = ByteBuffer.allocate(1);
    try {
      return file.read(target, 0) == 1 ? target.get(0) : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  @Actor
  public void reader(III_Result result) {
    result.r1 = read(first);
  }

  @Actor
  public void other(III_Result result) {
    result.r2 = read(second);
    try {
      storage.delete("first");
    } catch (IOException e) {
      result.r2 = 0;
    }
  }

  @Arbiter
  public void end(III_Result result) {
    result.r3 = read(first);
  }
}
