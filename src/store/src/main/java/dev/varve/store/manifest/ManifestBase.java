package dev.varve.store.manifest;

import java.util.List;

/**
 * Where the edits of the log are in the manifest's file: behind the snapshot that takes the place
 * of those before it. Offsets in the log go on from edit to edit for ever and are the same on all
 * members; when a member rolls its file is its own affair.
 *
 * @param offset in the log, of the first edit that the file has
 * @param snapshotBytes of the file, before that edit
 * @param keydirs checkpoints of keydirs that belong to edits before it
 */
public record ManifestBase(
    long offset, long snapshotBytes, List<ManifestSnapshot.KeydirMark> keydirs) {
  /** Of a file that has all edits. */
  public static final ManifestBase NONE = new ManifestBase(0, 0, List.of());

  public ManifestBase {
    keydirs = List.copyOf(keydirs);
  }

  /** Where in the file a place of the log is that is not before its first edit. */
  public long inFile(long inLog) {
    return inLog - offset + snapshotBytes;
  }

  /** Where in the log a place of the file is that is not in its snapshot. */
  public long inLog(long inFile) {
    return inFile - snapshotBytes + offset;
  }
}
