package dev.varve.cli;

import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the node application is that {@code serve} starts: next to this jar in an image, in its
 * module in a checkout.
 */
final class NodeApplication {
  private static final String HOME_VARIABLE = "VARVE_NODE_HOME";
  private static final String RUNNER = "quarkus-run.jar";

  private NodeApplication() {}

  /**
   * The jar to run.
   *
   * @throws CommandFailure saying where it was looked for
   */
  static Path runner(Invocation invocation) {
    List<Path> candidates = new ArrayList<>();
    String home = invocation.environment(HOME_VARIABLE, "");
    if (!home.isEmpty()) {
      candidates.add(Path.of(home, RUNNER));
      candidates.add(Path.of(home, "quarkus-app", RUNNER));
    } else {
      Path jar = ownJar();
      Path directory = jar.getParent();
      if (directory != null) {
        candidates.add(directory.resolve("../node/quarkus-app").resolve(RUNNER).normalize());
        candidates.add(
            directory.resolve("../../../node/target/quarkus-app").resolve(RUNNER).normalize());
      }
    }
    for (Path candidate : candidates) {
      if (Files.isRegularFile(candidate)) {
        return candidate;
      }
    }
    throw new CommandFailure(
        "the node application is not at any of "
            + candidates
            + "; build it, or name its folder by "
            + HOME_VARIABLE,
        null);
  }

  private static Path ownJar() {
    CodeSource source = NodeApplication.class.getProtectionDomain().getCodeSource();
    try {
      return Path.of(source.getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new CommandFailure("cannot tell where this program is", e);
    }
  }
}
