package dev.varve.store.recovery;

import java.util.List;

/**
 * What a restore of replaced segments did.
 *
 * @param folder where the files are that are no longer part of the store; nothing needs them
 * @param runs the ids of the runs that were undone, newest first
 * @param files the segments that are part of the store again
 * @param bytes record bytes in them
 */
public record RestoredSegments(String folder, List<String> runs, List<String> files, long bytes) {
  public RestoredSegments {
    runs = List.copyOf(runs);
    files = List.copyOf(files);
  }
}
