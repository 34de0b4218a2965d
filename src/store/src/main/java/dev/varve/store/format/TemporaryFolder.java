package dev.varve.store.format;

import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Where a compaction writes its new files before they get their names. Whatever is in such a folder
 * belongs to no store: opening one deletes what a crash left there, so that the name alone must
 * tell these folders from all others.
 *
 * @param name a folder of the store's directory called {@code _compacting} or {@code
 *     _compacting-}…; empty: the folder that the files are for
 */
public record TemporaryFolder(String name) {
  private static final String PREFIX = "_compacting";
  private static final Pattern NAME = Pattern.compile(PREFIX + "(-[-a-z0-9]{1,40})?");

  /** New files are written where they will stay, under temporary names. */
  public static final TemporaryFolder BESIDE_OUTPUTS = new TemporaryFolder("");

  /** Checks the name; the message names the field. */
  public TemporaryFolder {
    if (!name.isEmpty() && !NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "temporaryDirectory must be a folder of the store called _compacting or"
              + " _compacting-NAME, not "
              + name);
    }
  }

  /** Whether it is no folder of its own. */
  public boolean isBesideOutputs() {
    return name.isEmpty();
  }

  /** The temporary path of a file that shall be at {@code path} in the end. */
  public String pathFor(String path) {
    String file = isBesideOutputs() ? path : name + '/' + path.replace('/', '.');
    return file + SegmentId.TEMPORARY_SUFFIX;
  }

  /** The folder that a file of this path is in, or for whose folder it was written. */
  public static String folderOf(String path) {
    int slash = path.indexOf('/');
    String folder = slash < 0 ? "" : path.substring(0, slash);
    int dot = path.indexOf('.', slash + 1);
    return dot > 0 && NAME.matcher(folder).matches() ? path.substring(slash + 1, dot) : folder;
  }

  /** The files in all such folders of a store; to be called when no compaction runs. */
  public static List<String> leftovers(Storage storage) throws IOException {
    List<String> found = new ArrayList<>();
    for (String folder : storage.list("")) {
      if (NAME.matcher(folder).matches()) {
        for (String file : storage.list(folder)) {
          if (file.endsWith(SegmentId.TEMPORARY_SUFFIX)) {
            found.add(folder + '/' + file);
          }
        }
      }
    }
    return found;
  }
}
