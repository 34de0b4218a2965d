package dev.varve.e2e;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;

/** What {@code ./dev test} prepared for these tests, and says by environment variables. */
final class Environment {
  private Environment() {}

  /** The checkout's root: the nearest folder upwards that holds {@code dev} and {@code crds}. */
  static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isExecutable(folder.resolve("dev"))
        || !Files.isDirectory(folder.resolve("crds"))) {
      Path parent = folder.getParent();
      if (parent == null) {
        throw new IllegalStateException("not inside a checkout: " + new File("").getAbsolutePath());
      }
      folder = parent;
    }
    return folder;
  }

  static String clusterImage() {
    return required("VARVE_CLUSTER_IMAGE");
  }

  static String nodeImage() {
    return required("VARVE_NODE_IMAGE");
  }

  static String operatorImage() {
    return required("VARVE_OPERATOR_IMAGE");
  }

  static Path helm() {
    return Path.of(required("VARVE_HELM"));
  }

  /** {@code NAME=VALUE}: containers carry it, so that {@code dev} removes them whatever happens. */
  static String runLabel() {
    return required("VARVE_RUN_LABEL");
  }

  private static String required(String name) {
    String value = System.getenv(name);
    if (value == null || value.isBlank()) {
      throw new IllegalStateException(name + " is not set: ./dev test sets it");
    }
    return value;
  }
}
