package dev.varve.bench;

import dev.varve.bench.engine.Contender;
import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** The versions that the build was made with. */
final class Versions {
  private final Properties properties = new Properties();

  Versions() throws IOException {
    try (InputStream in = Versions.class.getResourceAsStream("/bench-versions.properties")) {
      if (in == null) {
        throw new IllegalStateException("bench-versions.properties is missing from the build");
      }
      properties.load(in);
    }
  }

  /** A contender's version. */
  String of(Contender contender) {
    String version = properties.getProperty(contender.name());
    if (version == null) {
      throw new IllegalStateException("bench-versions.properties lacks " + contender.name());
    }
    return version;
  }
}
