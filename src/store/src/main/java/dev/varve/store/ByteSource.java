package dev.varve.store;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes that can be read at any offset, such as another member's file. */
@FunctionalInterface
public interface ByteSource {
  /**
   * Reads from {@code offset} into {@code target} and returns how many bytes it put there; less
   * than remained only when the source ends.
   */
  int read(long offset, ByteBuffer target) throws IOException;
}
