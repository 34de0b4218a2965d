package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.segment.FileChecksum;
import dev.varve.store.storage.Storage;
import dev.varve.store.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Run lists that were received before the edit that names them. */
final class Attachments {
  private static final int BUFFER_BYTES = 256 << 10;

  private Attachments() {}

  static boolean isHere(Storage storage, Attachment attachment) throws IOException {
    if (!storage.exists(attachment.path())) {
      return false;
    }
    try (StorageFile file = storage.open(attachment.path())) {
      return file.size() == attachment.length();
    }
  }

  /** Copies, verifies and installs; durable on return, nothing remains after an exception. */
  static void install(Storage storage, Attachment attachment, ByteSource source)
      throws IOException {
    String path = StorePaths.checked(attachment.path());
    String directory = path.substring(0, path.indexOf('/'));
    String temporary = path + SegmentId.TEMPORARY_SUFFIX;
    storage.createDirectory(directory);
    if (storage.exists(temporary)) {
      storage.delete(temporary);
    }
    try {
      try (StorageFile file = storage.create(temporary)) {
        copy(attachment, source, file);
        file.sync();
      }
      storage.rename(temporary, path);
      storage.syncDirectory(directory);
      storage.syncDirectory("");
    } catch (IOException | RuntimeException e) {
      if (storage.exists(temporary)) {
        storage.delete(temporary);
      }
      throw e;
    }
  }

  private static void copy(Attachment attachment, ByteSource source, StorageFile into)
      throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
    long at = 0;
    while (at < attachment.length()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), attachment.length() - at));
      int read = source.read(at, buffer);
      if (read <= 0) {
        throw new IOException(attachment.path() + " ends after " + at + " bytes at its source");
      }
      into.write(new ByteBuffer[] {buffer.flip()}, at);
      at += read;
    }
    if (FileChecksum.of(into, at) != attachment.crc()) {
      throw new IOException(attachment.path() + " arrived with another checksum");
    }
  }
}
