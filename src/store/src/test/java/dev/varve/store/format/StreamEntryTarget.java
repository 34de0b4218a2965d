package dev.varve.store.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.varve.store.fuzz.Target;
import java.util.Arrays;
import java.util.Map;

/** {@link StreamEntryCodec} under the fuzzer, given a length of the key, the key and the value. */
public final class StreamEntryTarget implements Target {
  @Override
  public String name() {
    return "streamEntry";
  }

  @Override
  public Map<String, byte[]> valid() {
    return Map.of(
        "empty",
        joined(StreamEntryCodec.key(1), StreamEntryCodec.value(0, new byte[0])),
        "some",
        joined(
            StreamEntryCodec.key(Long.MAX_VALUE),
            StreamEntryCodec.value(1_700_000_000_000L, "payload".getBytes(UTF_8))));
  }

  private static byte[] joined(byte[] key, byte[] value) {
    byte[] both = new byte[1 + key.length + value.length];
    both[0] = (byte) key.length;
    System.arraycopy(key, 0, both, 1, key.length);
    System.arraycopy(value, 0, both, 1 + key.length, value.length);
    return both;
  }

  @Override
  public byte[] mended(byte[] bytes) {
    return bytes;
  }

  @Override
  public void decode(byte[] bytes) {
    int keyLength = bytes.length == 0 ? 0 : Math.min(bytes[0] & 0xF, bytes.length - 1);
    byte[] key =
        Arrays.copyOfRange(bytes, Math.min(1, bytes.length), Math.min(1, bytes.length) + keyLength);
    byte[] value = Arrays.copyOfRange(bytes, Math.min(1, bytes.length) + keyLength, bytes.length);
    if (!StreamEntryCodec.isEntry(key.length, value.length)) {
      return;
    }
    byte[] keyAgain = StreamEntryCodec.key(StreamEntryCodec.id(key, key.length));
    byte[] valueAgain =
        StreamEntryCodec.value(StreamEntryCodec.timeMs(value), StreamEntryCodec.payload(value));
    if (!Arrays.equals(key, keyAgain) || !Arrays.equals(value, valueAgain)) {
      throw new AssertionError("an entry was read that is not what is written");
    }
  }
}
