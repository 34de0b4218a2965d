package dev.varve.store.recovery;

import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The folder in which a repair keeps what it replaces, and the mark of a repair under way, which
 * holds the folder's name so that one that was cut off goes on with the same folder.
 */
final class RepairFolder {
  private static final String PREFIX = "_repair-";
  private static final Pattern OWN =
      Pattern.compile(PREFIX + "[0-9]{8}T[0-9]{6}(-[1-9][0-9]{0,5})?");
  private static final String REPORT = "report.txt";
  private static final String TEMPORARY = ".tmp";
  private static final int COPY_BYTES = 256 << 10;
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final Storage storage;
  private final String name;

  private RepairFolder(Storage storage, String name) {
    this.storage = storage;
    this.name = name;
  }

  /** Marks the directory; durable on return: from now on no store is opened in it. */
  static RepairFolder begin(Storage storage, long nowMs) throws IOException {
    String name = read(storage, DirectoryMarks.REPAIRING);
    if (!OWN.matcher(name).matches()) {
      String wanted = PREFIX + NAME.format(Instant.ofEpochMilli(nowMs));
      name = wanted;
      for (int i = 2; storage.exists(name); i++) {
        name = wanted + '-' + i;
      }
      write(storage, DirectoryMarks.REPAIRING, name);
    }
    storage.createDirectory(name);
    storage.syncDirectory("");
    return new RepairFolder(storage, name);
  }

  String name() {
    return name;
  }

  /** Whether the folder has this file already. */
  boolean has(String path) throws IOException {
    return storage.exists(name + '/' + path);
  }

  /** Copies a file; durable on return. */
  void copy(String path) throws IOException {
    String target = targetOf(path);
    String temporary = target + TEMPORARY;
    deleteIfPresent(storage, temporary);
    try (StorageFile from = storage.open(path);
        StorageFile to = storage.create(temporary)) {
      ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
      long at = 0;
      while (from.read(buffer.clear(), at) > 0) {
        buffer.flip();
        int length = buffer.remaining();
        to.write(new ByteBuffer[] {buffer}, at);
        at += length;
      }
      to.sync();
    }
    storage.rename(temporary, target);
    storage.syncDirectory(directoryOf(target));
  }

  /** Moves a file that nothing needs any more; durable on return. */
  void move(String path) throws IOException {
    String target = targetOf(path);
    storage.rename(path, target);
    storage.syncDirectory(directoryOf(target));
    storage.syncDirectory(directoryOf(path));
  }

  /** Durable on return. */
  void report(List<String> lines) throws IOException {
    write(storage, name + '/' + REPORT, String.join("\n", lines) + '\n');
  }

  /** The repair is done; durable on return. */
  void end() throws IOException {
    storage.delete(DirectoryMarks.REPAIRING);
    storage.syncDirectory("");
  }

  private String targetOf(String path) throws IOException {
    String target = name + '/' + path;
    storage.createDirectory(directoryOf(target));
    storage.syncDirectory(name);
    return target;
  }

  private static void write(Storage storage, String path, String text) throws IOException {
    String temporary = path + TEMPORARY;
    deleteIfPresent(storage, temporary);
    try (StorageFile file = storage.create(temporary)) {
      file.write(new ByteBuffer[] {ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))}, 0);
      file.sync();
    }
    storage.rename(temporary, path);
    storage.syncDirectory(directoryOf(path));
  }

  /** The first bytes of a small file as text; empty if there is none. */
  private static String read(Storage storage, String path) throws IOException {
    if (!storage.exists(path)) {
      return "";
    }
    try (StorageFile file = storage.open(path)) {
      ByteBuffer bytes = ByteBuffer.allocate(64);
      int length = file.read(bytes, 0);
      return new String(bytes.array(), 0, length, StandardCharsets.UTF_8);
    }
  }

  static void deleteIfPresent(Storage storage, String path) throws IOException {
    if (storage.exists(path)) {
      storage.delete(path);
    }
  }

  private static String directoryOf(String path) {
    int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }
}
