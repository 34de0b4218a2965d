package dev.varve.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.k3s.K3sContainer;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.MountableFile;

/**
 * One real Kubernetes node in a container, shared by all tests of a run. Every test class works in
 * namespaces of its own; the operator is installed once, on first use.
 */
final class Cluster implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);
  static final String KUBECONFIG = "/etc/rancher/k3s/k3s.yaml";
  private static final int FIRST_NODE_PORT = 31000;
  private static final int NODE_PORTS = 40;
  static final String OPERATOR_NAMESPACE = "varve-system";

  private final ObjectMapper json = new ObjectMapper();
  private final K3sContainer node;
  private final AtomicInteger nextNodePort = new AtomicInteger(FIRST_NODE_PORT);
  private final AtomicInteger nextFile = new AtomicInteger();
  private boolean imagesLoaded;
  private boolean operatorInstalled;

  private Cluster(K3sContainer node) {
    this.node = node;
  }

  /** Starts the node and waits until it takes pods. Close it, or the container stays. */
  static Cluster start() {
    long started = System.nanoTime();
    DockerClientFactory.instance().client(); // else K3sContainer's constructor finds none
    String[] label = Environment.runLabel().split("=", 2);
    K3sContainer node =
        new K3sContainer(
                DockerImageName.parse(Environment.clusterImage())
                    .asCompatibleSubstituteFor("rancher/k3s"))
            .withLabels(Map.of(label[0], label[1]))
            .withStartupTimeout(Duration.ofMinutes(3));
    for (int port = FIRST_NODE_PORT; port < FIRST_NODE_PORT + NODE_PORTS; port++) {
      node.addExposedPort(port);
    }
    node.start();
    LOG.info(
        "{} is ready after {} ms",
        Environment.clusterImage(),
        Duration.ofNanos(System.nanoTime() - started).toMillis());
    return new Cluster(node);
  }

  /** Runs {@code kubectl} in the node's container, as the cluster's administrator. */
  Output kubectl(String... arguments) {
    return kubectl(List.of(arguments));
  }

  Output kubectl(List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("kubectl", "--kubeconfig", KUBECONFIG));
    command.addAll(arguments);
    return onNode(command);
  }

  /** Runs a command in the node's container, outside all pods: the way faults are made. */
  Output onNode(List<String> command) {
    try {
      Container.ExecResult result = node.execInContainer(command.toArray(String[]::new));
      return new Output(command, result.getExitCode(), result.getStdout(), result.getStderr());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running " + command, e);
    }
  }

  /** Puts text into a new file in the node's container and names it. */
  String file(String name, String text) {
    String path = "/tmp/%d-%s".formatted(nextFile.incrementAndGet(), name);
    node.copyFileToContainer(Transferable.of(text), path);
    return path;
  }

  /** Puts a file or folder of this machine into the node's container under a new name. */
  String copy(Path source) {
    String path = "/tmp/%d-%s".formatted(nextFile.incrementAndGet(), source.getFileName());
    node.copyFileToContainer(MountableFile.forHostPath(source), path);
    return path;
  }

  /** {@code kubectl apply} of a manifest; the API server's refusal is in the output. */
  Output apply(String namespace, String manifest) {
    return kubectl("apply", "-n", namespace, "-f", file("manifest.yaml", manifest));
  }

  /** One object as the API server gives it. */
  JsonNode get(String namespace, String kind, String name) {
    return parse(kubectl("get", "-n", namespace, kind, name, "-o", "json").orFail());
  }

  /** The objects of a kind that match a label selector; an empty selector takes all. */
  List<JsonNode> list(String namespace, String kind, String selector) {
    List<JsonNode> items = new ArrayList<>();
    parse(kubectl("get", "-n", namespace, kind, "-l", selector, "-o", "json").orFail())
        .get("items")
        .forEach(items::add);
    return items;
  }

  JsonNode parse(String text) {
    try {
      return json.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException("not JSON: " + text, e);
    }
  }

  void createNamespace(String namespace) {
    kubectl("create", "namespace", namespace).orFail();
  }

  /** Deletes a namespace and waits until all in it is gone. */
  void deleteNamespace(String namespace) {
    kubectl("delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s").orFail();
  }

  /** Makes the application images known to the node's containerd, once. */
  synchronized void loadImages() {
    if (imagesLoaded) {
      return;
    }
    Path archive = Path.of("target", "images.tar");
    try (InputStream images =
        DockerClientFactory.instance()
            .client()
            .saveImagesCmd()
            .withImage(repository(Environment.nodeImage()), tag(Environment.nodeImage()))
            .withImage(repository(Environment.operatorImage()), tag(Environment.operatorImage()))
            .exec()) {
      Files.createDirectories(archive.toAbsolutePath().getParent());
      Files.copy(images, archive, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String inside = copy(archive);
    onNode(List.of("ctr", "-n", "k8s.io", "images", "import", inside)).orFail();
    onNode(List.of("rm", inside)).orFail();
    imagesLoaded = true;
  }

  /** Installs the chart with its default values, once, and waits until the operator is ready. */
  synchronized void installOperator() {
    if (operatorInstalled) {
      return;
    }
    loadImages();
    helm(
            "install",
            "varve",
            Environment.root().resolve("charts/varve").toString(),
            "--namespace",
            OPERATOR_NAMESPACE,
            "--create-namespace",
            "--wait",
            "--timeout",
            "3m")
        .orFail();
    operatorInstalled = true;
  }

  /** Runs helm of this machine against the node's API server. */
  Output helm(String... arguments) {
    try {
      Path kubeconfig = Path.of("target", "kubeconfig.yaml").toAbsolutePath();
      Files.createDirectories(kubeconfig.getParent());
      Files.writeString(kubeconfig, node.getKubeConfigYaml());
      List<String> command = new ArrayList<>(List.of(Environment.helm().toString()));
      command.addAll(List.of(arguments));
      return LocalCommand.run(command, Map.of("KUBECONFIG", kubeconfig.toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Makes a pod's gRPC port reachable from this machine, ready or not, and from whatever pod bears
   * that name later.
   */
  HostAndPort expose(String namespace, String pod) {
    int port = nextNodePort.getAndIncrement();
    if (port >= FIRST_NODE_PORT + NODE_PORTS) {
      throw new IllegalStateException("all " + NODE_PORTS + " node ports are taken");
    }
    apply(
            namespace,
            """
            apiVersion: v1
            kind: Service
            metadata: {name: outside-%s}
            spec:
              type: NodePort
              publishNotReadyAddresses: true
              selector: {statefulset.kubernetes.io/pod-name: %s}
              ports: [{port: 9090, targetPort: 9090, nodePort: %d}]
            """
                .formatted(pod, pod, port))
        .orFail();
    return new HostAndPort(node.getHost(), node.getMappedPort(port));
  }

  /** Where something listens, seen from this machine. */
  record HostAndPort(String host, int port) {}

  /** The logs of the node's own components, for the diagnosis of a failed test. */
  String nodeLogs() {
    return node.getLogs();
  }

  @Override
  public void close() {
    node.stop();
  }

  private static String repository(String image) {
    return image.substring(0, image.lastIndexOf(':'));
  }

  private static String tag(String image) {
    return image.substring(image.lastIndexOf(':') + 1);
  }
}
