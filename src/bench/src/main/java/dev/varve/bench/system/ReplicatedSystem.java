package dev.varve.bench.system;

import java.io.IOException;

/** A replicated store under test, running as processes of its own. */
public interface ReplicatedSystem extends AutoCloseable {

  /** Which it is. */
  SystemKind kind();

  /** Its version, as it says itself where it can. */
  String version();

  /** Connects so many clients to the member that takes writes. */
  Clients connect(int clients) throws IOException;

  /**
   * Reclaims what is dead on all members and returns when that is done: the way that the system
   * recommends, one member after the other where it has to be asked of each.
   *
   * @return whether there was anything to do
   */
  boolean compact() throws IOException;

  /** Kills all of its processes. */
  @Override
  void close();
}
