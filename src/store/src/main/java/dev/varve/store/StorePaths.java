package dev.varve.store;

import dev.varve.store.format.SegmentId;
import dev.varve.store.manifest.ManifestState;
import java.io.IOException;
import java.util.List;

/** Which paths other members may name. */
final class StorePaths {
  private static final List<String> SUFFIXES =
      List.of(SegmentId.LOG_SUFFIX, SegmentId.HINT_SUFFIX, SegmentId.RUNS_SUFFIX);

  private StorePaths() {}

  /**
   * Refuses what is no file of the log.
   *
   * @throws IOException naming the path
   */
  static String checked(String path) throws IOException {
    if (path.equals(ManifestState.PATH)) {
      return path;
    }
    int slash = path.indexOf('/');
    if (slash > 0 && KeyspaceOptions.isName(path.substring(0, slash))) {
      String name = path.substring(slash + 1);
      for (String suffix : SUFFIXES) {
        if (name.endsWith(suffix) && isId(name.substring(0, name.length() - suffix.length()))) {
          return path;
        }
      }
    }
    throw new IOException("not a file of the log: " + path);
  }

  private static boolean isId(String name) {
    try {
      SegmentId.parse(name);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
