package dev.varve.store.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.varve.store.fuzz.Target;
import java.util.Map;

/** {@link SegmentId#parse} under the fuzzer. */
public final class SegmentNameTarget implements Target {
  @Override
  public String name() {
    return "segmentName";
  }

  @Override
  public Map<String, byte[]> valid() {
    return Map.of(
        "first", new SegmentId(0, 1).name().getBytes(UTF_8),
        "last", new SegmentId(9_999_999_999L, 999_999_999_999L).name().getBytes(UTF_8));
  }

  @Override
  public byte[] mended(byte[] bytes) {
    return bytes;
  }

  @Override
  public void decode(byte[] bytes) {
    String name = new String(bytes, UTF_8);
    SegmentId id;
    try {
      id = SegmentId.parse(name);
    } catch (IllegalArgumentException e) {
      return;
    }
    if (!id.name().equals(name)) {
      throw new AssertionError(id + " was read from " + name);
    }
  }
}
