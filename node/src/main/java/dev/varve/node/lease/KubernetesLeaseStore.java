package dev.varve.node.lease;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.varve.replication.LeaseConflictException;
import dev.varve.replication.LeaseStore;
import dev.varve.replication.LeaseView;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * The shard's Lease as an object of the API server. Changes are merge patches that carry the
 * resource version they were made for, so that the API server refuses them when the Lease changed
 * meanwhile, and that touch nothing but what a member may change.
 */
public final class KubernetesLeaseStore implements LeaseStore {
  static final String TERM = "varve.dev/term";
  static final String BOOTSTRAP = "varve.dev/bootstrap";
  static final String BOOTSTRAP_MEMBERS = "varve.dev/bootstrap-members";

  private static final int DURATION_SECONDS = 15;
  private static final DateTimeFormatter MICRO_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'").withZone(ZoneOffset.UTC);

  private final KubernetesClient client;
  private final String namespace;
  private final String name;
  private final Executor executor;
  private final ObjectMapper json = new ObjectMapper();

  /**
   * @param executor where the API server's answers are waited for
   */
  public KubernetesLeaseStore(
      KubernetesClient client, String namespace, String name, Executor executor) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
    this.executor = executor;
  }

  @Override
  public CompletableFuture<LeaseView> read() {
    return ask(
        () -> {
          Lease lease = resource().get();
          if (lease == null) {
            throw new IOException("there is no Lease " + namespace + "/" + name);
          }
          return view(lease);
        });
  }

  @Override
  public CompletableFuture<LeaseView> compareAndSet(LeaseView expected, LeaseView next) {
    return ask(
        () -> {
          try {
            Lease changed =
                resource().patch(PatchContext.of(PatchType.JSON_MERGE), patch(expected, next));
            return view(changed);
          } catch (KubernetesClientException e) {
            if (e.getCode() == 409) {
              throw new LeaseConflictException(
                  "Lease "
                      + namespace
                      + "/"
                      + name
                      + " changed since version "
                      + expected.version());
            }
            throw e;
          }
        });
  }

  private Resource<Lease> resource() {
    return client.leases().inNamespace(namespace).withName(name);
  }

  private interface Question {
    LeaseView answer() throws IOException, LeaseConflictException;
  }

  private CompletableFuture<LeaseView> ask(Question question) {
    CompletableFuture<LeaseView> future = new CompletableFuture<>();
    executor.execute(
        () -> {
          try {
            future.complete(question.answer());
          } catch (IOException | LeaseConflictException | RuntimeException e) {
            future.completeExceptionally(e);
          }
        });
    return future;
  }

  /** The merge patch from one view to the other; null removes a field. */
  String patch(LeaseView expected, LeaseView next) throws JsonProcessingException {
    ObjectNode patch = json.createObjectNode();
    ObjectNode metadata = patch.putObject("metadata");
    metadata.put("resourceVersion", expected.version());
    ObjectNode annotations = metadata.putObject("annotations");
    annotations.put(TERM, Long.toString(next.term()));
    annotations.put(
        BOOTSTRAP,
        next.bootstrapRequested().isEmpty() ? null : String.join(",", next.bootstrapRequested()));
    annotations.put(
        BOOTSTRAP_MEMBERS,
        next.bootstrapMembers().isEmpty() ? null : LeaseTexts.members(next.bootstrapMembers()));
    ObjectNode spec = patch.putObject("spec");
    spec.put("holderIdentity", next.holder());
    spec.put(
        "leaseDurationSeconds",
        next.durationMs() > 0 ? (int) Math.ceilDiv(next.durationMs(), 1000L) : DURATION_SECONDS);
    if (next.renewedAtMs() > 0) {
      spec.put("renewTime", MICRO_TIME.format(Instant.ofEpochMilli(next.renewedAtMs())));
      if (next.term() != expected.term() || !Objects.equals(next.holder(), expected.holder())) {
        spec.put("acquireTime", MICRO_TIME.format(Instant.ofEpochMilli(next.renewedAtMs())));
      }
    }
    return json.writeValueAsString(patch);
  }

  /** What a Lease object says. */
  static LeaseView view(Lease lease) throws IOException {
    Map<String, String> annotations = lease.getMetadata().getAnnotations();
    @Nullable LeaseSpec spec = lease.getSpec();
    @Nullable String holder = spec == null ? null : spec.getHolderIdentity();
    @Nullable ZonedDateTime renewed = spec == null ? null : spec.getRenewTime();
    @Nullable Integer duration = spec == null ? null : spec.getLeaseDurationSeconds();
    return new LeaseView(
        lease.getMetadata().getResourceVersion(),
        holder == null || holder.isEmpty() ? null : holder,
        term(annotations),
        renewed == null ? 0 : renewed.toInstant().toEpochMilli(),
        (duration == null ? DURATION_SECONDS : duration) * 1000L,
        LeaseTexts.names(annotation(annotations, BOOTSTRAP)),
        LeaseTexts.members(annotation(annotations, BOOTSTRAP_MEMBERS)));
  }

  private static long term(Map<String, String> annotations) throws IOException {
    String text = annotation(annotations, TERM);
    try {
      return text.isEmpty() ? 0 : Long.parseLong(text);
    } catch (NumberFormatException e) {
      // Guessing a term could let one be used twice: better no Lease than a wrong one.
      throw new IOException("the Lease's annotation " + TERM + " is no number: " + text, e);
    }
  }

  private static String annotation(@Nullable Map<String, String> annotations, String key) {
    return annotations == null ? "" : annotations.getOrDefault(key, "");
  }
}
