package dev.varve.cli;

import java.io.Closeable;
import java.io.IOException;

/** Where the files of a backup go, one after the other. */
interface BackupTarget extends Closeable {
  /** Begins a file; the one before is whole. */
  void begin(String path, long length) throws IOException;

  /** Continues the file. */
  void write(byte[] bytes) throws IOException;

  /** All files are whole; the backup is durable and has its name on return. */
  void finish() throws IOException;

  /** Without {@link #finish} nothing is left that passes for a backup. */
  @Override
  void close() throws IOException;
}
