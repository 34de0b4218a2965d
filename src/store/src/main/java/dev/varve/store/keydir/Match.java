package dev.varve.store.keydir;

import java.io.IOException;

/**
 * Says whether the record at a place has the key that is looked for, by reading it: the keydir
 * itself keeps only part of a hash.
 */
@FunctionalInterface
public interface Match {

  /**
   * Whether the whole key fits. If the segment can no longer be read because it was retired, the
   * answer is false: the keydir has changed by then, and a look-up goes on with the entry's new
   * place.
   */
  boolean matches(Location candidate) throws IOException;
}
