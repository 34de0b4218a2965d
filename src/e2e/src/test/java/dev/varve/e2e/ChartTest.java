package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Helm takes definitions from the chart's own folder only, so they stand twice. */
class ChartTest {
  @Test
  void bringsTheDefinitionsThatTheCrdsFolderHas() throws IOException {
    Path root = Environment.root();
    Map<String, String> definitions = yaml(root.resolve("crds"));

    assertThat(definitions).hasSize(2);
    assertThat(yaml(root.resolve("charts/varve/crds")))
        .as("after a change of the definitions: cp crds/*.yml charts/varve/crds/")
        .isEqualTo(definitions);
  }

  private static Map<String, String> yaml(Path folder) throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.{yml,yaml}")) {
      for (Path file : files) {
        contents.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return contents;
  }
}
