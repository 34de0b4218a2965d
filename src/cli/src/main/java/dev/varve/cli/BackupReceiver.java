package dev.varve.cli;

import dev.varve.protocol.v1.BackupChunk;
import dev.varve.store.format.Crc32c;
import dev.varve.store.recovery.BackupManifest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Takes the chunks of a backup, compares every checksum, and believes nothing else. */
final class BackupReceiver {
  private final BackupTarget target;
  private final List<BackupManifest.BackedUp> received = new ArrayList<>();
  private final ByteArrayOutputStream manifest = new ByteArrayOutputStream();
  private String file = "";
  private long length;
  private long offset;
  private int crc;
  private long bytes;

  BackupReceiver(BackupTarget target) {
    this.target = target;
  }

  /** Bytes of files so far. */
  long bytes() {
    return bytes;
  }

  /** The file that comes now. */
  String file() {
    return file;
  }

  BackupManifest manifest() throws IOException {
    return BackupManifest.decode(manifest.toByteArray());
  }

  void take(BackupChunk chunk) throws IOException {
    byte[] data = chunk.getData().toByteArray();
    int found = Crc32c.of(ByteBuffer.wrap(data));
    if (found != chunk.getCrc32C()) {
      throw new CommandFailure(
          chunk.getFile() + " at " + chunk.getOffset() + " arrived with another CRC32C", null);
    }
    if (!chunk.getFile().equals(file)) {
      endFile();
      file = chunk.getFile();
      length = chunk.getFileLength();
      offset = 0;
      crc = 0;
      target.begin(file, length);
    }
    if (chunk.getOffset() != offset || offset + data.length > length) {
      throw new CommandFailure(
          file + ": a chunk at " + chunk.getOffset() + " is out of place", null);
    }
    offset += data.length;
    crc = Crc32c.combine(crc, found, data.length);
    if (file.equals(BackupManifest.PATH)) {
      if (offset > BackupManifest.BYTES_MAX) {
        throw new CommandFailure("the backup's manifest is too long", null);
      }
      manifest.writeBytes(data);
    } else {
      bytes += data.length;
    }
    target.write(data);
  }

  private void endFile() {
    if (file.isEmpty()) {
      return;
    }
    if (offset != length) {
      throw new CommandFailure(file + ": " + offset + " of " + length + " bytes arrived", null);
    }
    if (!file.equals(BackupManifest.PATH)) {
      received.add(new BackupManifest.BackedUp(file, length, crc));
    }
  }

  /** The stream has ended: everything that the manifest names must have come. */
  void finish() throws IOException {
    endFile();
    if (!file.equals(BackupManifest.PATH)) {
      throw new CommandFailure("the backup broke off: its manifest is missing", null);
    }
    if (!manifest().files().equals(received)) {
      throw new CommandFailure("what arrived is not what the backup's manifest names", null);
    }
    target.finish();
  }
}
