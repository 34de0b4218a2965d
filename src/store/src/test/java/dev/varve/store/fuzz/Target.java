package dev.varve.store.fuzz;

import java.io.IOException;
import java.util.Map;

/** A decoder under test. */
public interface Target {
  /** The name of its folder in the corpus. */
  String name();

  /** Files by name that today's writers make. */
  Map<String, byte[]> valid() throws IOException;

  /**
   * Gives bytes the checksums that fit them, as far as that can be told; without that nothing
   * behind a checksum would ever be reached. May change the array.
   */
  byte[] mended(byte[] bytes);

  /**
   * Decodes bytes, and encodes again what came of it. Returns for good bytes and for those that the
   * decoder refuses with the exception it declares for damage; throws anything else that the
   * decoder throws, and an {@link AssertionError} if other bytes come back.
   */
  void decode(byte[] bytes) throws IOException;
}
