package dev.varve.operator;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import io.smallrye.config.WithName;
import java.util.List;
import java.util.Optional;

/** The operator's settings, each an environment variable as well: {@code VARVE_NODE_IMAGE}. */
@ConfigMapping(prefix = "varve")
public interface OperatorSettings {

  /** The image of members and Jobs where {@code spec.image} is absent. */
  @WithName("node.image")
  String nodeImage();

  /** The namespaces to watch; absent: all. */
  Optional<List<String>> namespaces();

  /** Whether to take the Lease {@code varve-operator} before acting. */
  @WithName("leader.election")
  @WithDefault("true")
  boolean leaderElection();
}
