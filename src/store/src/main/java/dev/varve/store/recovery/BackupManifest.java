package dev.varve.store.recovery;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * What a backup consists of: its file {@code _backup}, written after all others, so that a backup
 * without it is not whole. UTF-8 text:
 *
 * <pre>
 * varve-backup 1
 * sequence &lt;the last sequence of the backup&gt;
 * file &lt;CRC32C, 8 hexadecimal digits&gt; &lt;length&gt; &lt;path&gt;      a line each
 * crc32c &lt;8 hexadecimal digits over all bytes before this line&gt;
 * </pre>
 *
 * @param sequence the last committed sequence in the backup
 */
public record BackupManifest(long sequence, List<BackedUp> files) {
  /** The file's path. */
  public static final String PATH = "_backup";

  /** The longest one, in bytes: about 100,000 files. */
  public static final int BYTES_MAX = 8 << 20;

  private static final String FIRST = "varve-backup 1";
  private static final String SEQUENCE = "sequence ";
  private static final String FILE = "file ";
  private static final String CRC = "crc32c ";

  /**
   * A file of the backup.
   *
   * @param length in bytes
   * @param crc CRC32C of all of it
   */
  public record BackedUp(String path, long length, int crc) {}

  /** Copies the list. */
  public BackupManifest {
    files = List.copyOf(files);
  }

  /** The file's bytes. */
  public byte[] encode() {
    StringBuilder text = new StringBuilder();
    text.append(FIRST).append('\n').append(SEQUENCE).append(sequence).append('\n');
    for (BackedUp file : files) {
      text.append(FILE).append(hex(file.crc())).append(' ').append(file.length()).append(' ');
      text.append(file.path()).append('\n');
    }
    return (text + CRC + hex(crc(text.toString())) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads the file's bytes.
   *
   * @throws IOException if they are not what {@link #encode} made, or name a path that is no file
   *     of a store
   */
  public static BackupManifest decode(byte[] bytes) throws IOException {
    String text = new String(bytes, StandardCharsets.UTF_8);
    int crcAt = text.lastIndexOf(CRC);
    if (crcAt < 0
        || !text.startsWith(FIRST + "\n" + SEQUENCE)
        || !text.substring(crcAt).equals(CRC + hex(crc(text.substring(0, crcAt))) + "\n")) {
      throw new IOException("the backup's file " + PATH + " is damaged or not of this version");
    }
    try {
      long sequence = -1;
      List<BackedUp> files = new ArrayList<>();
      Set<String> paths = new LinkedHashSet<>();
      for (String line : text.substring(0, crcAt).split("\n", -1)) {
        if (line.startsWith(SEQUENCE)) {
          sequence = Long.parseLong(line.substring(SEQUENCE.length()));
        } else if (line.startsWith(FILE)) {
          String[] fields = line.substring(FILE.length()).split(" ", 3);
          BackedUp file =
              new BackedUp(
                  fields[2], Long.parseLong(fields[1]), Integer.parseUnsignedInt(fields[0], 16));
          if (!isPath(file.path()) || !paths.add(file.path()) || file.length() < 0) {
            throw new IOException("the backup's file " + PATH + " names " + file.path() + " badly");
          }
          files.add(file);
        }
      }
      BackupManifest decoded = new BackupManifest(sequence, files);
      // There is one form, so nothing in it was passed over unread.
      if (sequence < 0 || !Arrays.equals(decoded.encode(), bytes)) {
        throw new IOException("the backup's file " + PATH + " is malformed");
      }
      return decoded;
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IOException("the backup's file " + PATH + " is malformed", e);
    }
  }

  private static boolean isPath(String path) {
    return !path.isEmpty() && !path.startsWith("/") && !path.contains("..");
  }

  private static String hex(int crc) {
    return String.format(Locale.ROOT, "%08x", crc);
  }

  private static int crc(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return (int) crc.getValue();
  }
}
