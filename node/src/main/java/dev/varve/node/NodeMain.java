package dev.varve.node;

import dev.varve.node.settings.NodeSettings;
import dev.varve.node.settings.SettingsException;
import dev.varve.node.settings.SettingsReader;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import jakarta.inject.Inject;
import java.io.IOException;
import java.security.Security;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** The process: HTTP for probes first, so that a long recovery is seen, then the node. */
@QuarkusMain
public class NodeMain implements QuarkusApplication {
  private static final Logger LOG = Logger.getLogger(NodeMain.class);
  private static final int BAD_SETTINGS = 2;
  private static final int FAILED = 1;

  private final Config config;
  private final MeterRegistry registry;
  private final NodeHolder holder;
  private final String version;

  @Inject
  NodeMain(
      Config config,
      MeterRegistry registry,
      NodeHolder holder,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this.config = config;
    this.registry = registry;
    this.holder = holder;
    this.version = version;
  }

  /** Starts the process. */
  public static void main(String[] args) {
    // A member that was moved has a new address under its old name: found within a second, not
    // after the half minute for which Java and gRPC would remember the old one.
    Security.setProperty("networkaddress.cache.ttl", "1");
    Security.setProperty("networkaddress.cache.negative.ttl", "1");
    System.setProperty("networkaddress.cache.ttl", "1");
    Quarkus.run(NodeMain.class, args);
  }

  @Override
  public int run(String... args) {
    Node node;
    try {
      NodeSettings settings =
          new SettingsReader(name -> config.getOptionalValue(name, String.class)).read();
      node = Node.start(settings, registry, version);
    } catch (SettingsException e) {
      LOG.error(e.getMessage());
      return BAD_SETTINGS;
    } catch (IOException e) {
      LOG.error("the node could not start: " + e.getMessage(), e);
      return FAILED;
    }
    holder.hold(node);
    var _ = node.whenReady().thenAccept(NodeMain::announce);
    Quarkus.waitForExit();
    return 0;
  }

  private static void announce(String address) {
    // For whoever started the process and waits for this line; everything else is on stderr.
    System.out.println("ready on " + address);
    System.out.flush();
  }
}
