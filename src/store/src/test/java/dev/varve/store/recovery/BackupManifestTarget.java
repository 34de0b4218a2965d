package dev.varve.store.recovery;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.varve.store.format.Crc32c;
import dev.varve.store.fuzz.Target;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@link BackupManifest} under the fuzzer. */
public final class BackupManifestTarget implements Target {
  private static final byte[] LAST_LINE = "crc32c ".getBytes(UTF_8);

  @Override
  public String name() {
    return "backupManifest";
  }

  @Override
  public Map<String, byte[]> valid() {
    return Map.of(
        "empty",
        new BackupManifest(0, List.of()).encode(),
        "some",
        new BackupManifest(
                77,
                List.of(
                    new BackupManifest.BackedUp(
                        "_manifest/0000000000-000000000001.log", 400, 0xCAFE_BABE),
                    new BackupManifest.BackedUp("main/0000000004-000000000007.log", 0, 0),
                    new BackupManifest.BackedUp("main/0000000004-000000000006.hint", 1 << 30, 5)))
            .encode());
  }

  /** Puts the right checksum behind the last {@code crc32c }. */
  @Override
  public byte[] mended(byte[] bytes) {
    for (int at = bytes.length - LAST_LINE.length; at >= 0; at--) {
      if (Arrays.equals(bytes, at, at + LAST_LINE.length, LAST_LINE, 0, LAST_LINE.length)) {
        int crc = Crc32c.of(ByteBuffer.wrap(bytes), 0, at);
        byte[] last = String.format(Locale.ROOT, "crc32c %08x\n", crc).getBytes(UTF_8);
        byte[] mended = Arrays.copyOf(bytes, at + last.length);
        System.arraycopy(last, 0, mended, at, last.length);
        return mended;
      }
    }
    return bytes;
  }

  @Override
  public void decode(byte[] bytes) {
    BackupManifest manifest;
    try {
      manifest = BackupManifest.decode(bytes);
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains(BackupManifest.PATH)) {
        throw new AssertionError("the message does not name the file", e);
      }
      return;
    }
    if (!Arrays.equals(bytes, manifest.encode())) {
      throw new AssertionError("a backup's manifest was read that is not what is written");
    }
    for (BackupManifest.BackedUp file : manifest.files()) {
      if (file.length() < 0 || file.path().contains("..") || file.path().startsWith("/")) {
        throw new AssertionError("no file of a store: " + file);
      }
    }
  }
}
