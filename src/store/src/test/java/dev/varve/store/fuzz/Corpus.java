package dev.varve.store.fuzz;

import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The committed inputs, a folder a decoder, where Jazzer looks for them too. They are valid files,
 * and what once made a decoder fail.
 */
final class Corpus {
  /** Set to true, tests write the valid files that are missing or not of today. */
  static final String WRITE = "varve.corpus.write";

  private static final String FOLDER = "/dev/varve/store/DecoderFuzzInputs/";

  private Corpus() {}

  static List<byte[]> of(Target target) throws IOException {
    List<byte[]> files = new ArrayList<>();
    try (Stream<Path> paths = Files.list(folder(target))) {
      for (Path path : paths.sorted().toList()) {
        files.add(Files.readAllBytes(path));
      }
    }
    return files;
  }

  private static Path folder(Target target) throws IOException {
    URL folder = Corpus.class.getResource(FOLDER + target.name());
    if (folder == null) {
      throw new IOException("no corpus for the decoder " + target.name());
    }
    try {
      return Path.of(folder.toURI());
    } catch (URISyntaxException e) {
      throw new IOException("the corpus is in no folder: " + folder, e);
    }
  }

  /**
   * Compares the committed valid files with what today's writers make: a format that changed
   * without its corpus would be fuzzed with files that are all refused at the first byte.
   */
  static void check(Target target) throws IOException {
    Map<String, byte[]> made = target.valid();
    if (Boolean.getBoolean(WRITE)) {
      Path folder = Path.of("src/test/resources" + FOLDER, target.name());
      Files.createDirectories(folder);
      for (Map.Entry<String, byte[]> file : made.entrySet()) {
        Files.write(folder.resolve(file.getKey()), file.getValue());
      }
      return;
    }
    for (Map.Entry<String, byte[]> file : made.entrySet()) {
      Path path = folder(target).resolve(file.getKey());
      if (!Files.exists(path) || !Arrays.equals(Files.readAllBytes(path), file.getValue())) {
        throw new AssertionError(
            path + " is not what is written today; renew it with -D" + WRITE + "=true");
      }
    }
  }
}
