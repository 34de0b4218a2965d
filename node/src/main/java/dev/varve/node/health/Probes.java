package dev.varve.node.health;

import dev.varve.node.Node;
import dev.varve.node.NodeHolder;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import java.util.Optional;
import java.util.function.Predicate;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/**
 * What Kubernetes is told. Started: the directory is recovered and peers are answered. Live: only a
 * restart would help otherwise. Ready: clients are answered.
 */
@ApplicationScoped
public class Probes {
  private final NodeHolder holder;

  @Inject
  Probes(NodeHolder holder) {
    this.holder = holder;
  }

  @Produces
  @Startup
  HealthCheck started() {
    return () -> response("started", holder.node(), node -> true);
  }

  @Produces
  @Liveness
  HealthCheck live() {
    // Before it has started, the startup probe decides.
    return () ->
        holder.node().isEmpty()
            ? HealthCheckResponse.named("live").up().build()
            : response("live", holder.node(), Node::isAlive);
  }

  @Produces
  @Readiness
  HealthCheck ready() {
    return () -> response("ready", holder.node(), Node::isReady);
  }

  private static HealthCheckResponse response(
      String name, Optional<Node> node, Predicate<Node> holds) {
    return HealthCheckResponse.named(name)
        .status(node.map(holds::test).orElse(false))
        .withData("member", node.map(Node::detail).orElse("recovering"))
        .build();
  }
}
