package dev.varve.node;

import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The node of this process, for those that answer probes about it. */
@ApplicationScoped
public class NodeHolder {
  private final AtomicReference<@Nullable Node> node = new AtomicReference<>();

  /** The node, once its directory is open and it listens. */
  public Optional<Node> node() {
    return Optional.ofNullable(node.get());
  }

  /**
   * Stops the node while Quarkus stops, which waits for it: the process does not end before the
   * node has closed its store.
   */
  void stop(@Observes ShutdownEvent event) {
    node().ifPresent(Node::close);
  }

  void hold(@Nullable Node started) {
    node.set(started);
  }
}
