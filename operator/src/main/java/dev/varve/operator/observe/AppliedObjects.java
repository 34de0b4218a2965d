package dev.varve.operator.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What this process applied last, so that an object is applied again only when it is wanted
 * otherwise or somebody changed it. Lost with the process, which then applies everything once more.
 */
public final class AppliedObjects {

  private final Map<String, Mark> marks = new ConcurrentHashMap<>();
  private final Map<String, String> refusals = new ConcurrentHashMap<>();

  /**
   * A trace of one object applied.
   *
   * @param wanted the object as it was sent
   * @param version what the API server made of it: changes when somebody else changes the object
   */
  public record Mark(HasMetadata wanted, String version) {}

  /** Remembers that {@code wanted} was sent and {@code made} came back. */
  public void applied(HasMetadata wanted, HasMetadata made) {
    marks.put(key(wanted), new Mark(wanted, version(made)));
  }

  /** The trace of an object of this kind and name. */
  public Optional<Mark> mark(HasMetadata object) {
    return Optional.ofNullable(marks.get(key(object)));
  }

  /** Remembers that the API server refused to let a volume claim grow. */
  public void refused(String namespace, String claim, String message) {
    refusals.put(namespace + "/" + claim, message);
  }

  /** Forgets a refusal: the claim grew. */
  public void accepted(String namespace, String claim) {
    refusals.remove(namespace + "/" + claim);
  }

  /** Why a volume claim did not grow. */
  public Optional<String> refusal(String namespace, String claim) {
    return Optional.ofNullable(refusals.get(namespace + "/" + claim));
  }

  /** Forgets everything in {@code namespace} that belongs to a cluster that is gone. */
  public void forget(String namespace, String cluster) {
    marks.keySet().removeIf(key -> key.startsWith(namespace + "/") && belongs(key, cluster));
    refusals.keySet().removeIf(key -> key.startsWith(namespace + "/data-" + cluster + "-"));
  }

  /**
   * The generation where the API server keeps one, because status then changes freely, else the
   * version of the whole object.
   */
  public static String version(HasMetadata object) {
    Long generation = object.getMetadata().getGeneration();
    return generation == null || generation == 0
        ? "version " + object.getMetadata().getResourceVersion()
        : "generation " + generation;
  }

  private static boolean belongs(String key, String cluster) {
    String name = key.substring(key.lastIndexOf('/') + 1);
    return name.equals(cluster) || name.startsWith(cluster + "-");
  }

  private static String key(HasMetadata object) {
    return object.getMetadata().getNamespace()
        + "/"
        + object.getKind()
        + "/"
        + object.getMetadata().getName();
  }
}
