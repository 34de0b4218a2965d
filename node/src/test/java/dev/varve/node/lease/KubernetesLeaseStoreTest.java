package dev.varve.node.lease;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.varve.replication.LeaseConflictException;
import dev.varve.replication.LeaseView;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class KubernetesLeaseStoreTest {
  private final ExecutorService executor = Executors.newSingleThreadExecutor();
  private FakeApiServer api;
  private KubernetesClient client;
  private KubernetesLeaseStore leases;

  @BeforeEach
  void start() throws IOException {
    api = FakeApiServer.start("/apis/coordination.k8s.io/v1/namespaces/shop/leases/orders-0");
    client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(io.fabric8.kubernetes.client.Config.empty())
                    .withMasterUrl(api.url())
                    .withRequestRetryBackoffLimit(0)
                    .build())
            .build();
    leases = new KubernetesLeaseStore(client, "shop", "orders-0", executor);
    api.put(
        """
        {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
         "metadata": {"name": "orders-0", "namespace": "shop", "resourceVersion": "41",
           "labels": {"varve.dev/cluster": "orders"},
           "ownerReferences": [{"apiVersion": "varve.dev/v1", "kind": "StoreCluster", "name": "orders", "uid": "u"}],
           "annotations": {"varve.dev/bootstrap": "orders-0-0,orders-0-1", "other": "kept"}}}
        """);
  }

  @AfterEach
  void stop() {
    client.close();
    api.close();
    executor.close();
  }

  @Test
  void readsWhatTheOperatorCreated() {
    LeaseView view = leases.read().join();
    assertEquals("41", view.version());
    assertNull(view.holder());
    assertEquals(0, view.term());
    assertEquals(15_000, view.durationMs());
    assertEquals(List.of("orders-0-0", "orders-0-1"), view.bootstrapRequested());
    assertEquals(Map.of(), view.bootstrapMembers());
  }

  @Test
  void changesOnlyWhatIsTheMembers() {
    LeaseView view = leases.read().join();
    LeaseView next =
        new LeaseView(
            view.version(),
            "orders-0-1",
            3,
            1_700_000_000_123L,
            15_000,
            List.of(),
            Map.of("orders-0-1", "0b", "orders-0-0", "0a"));
    LeaseView written = leases.compareAndSet(view, next).join();

    JsonNode lease = api.object();
    JsonNode annotations = lease.at("/metadata/annotations");
    assertEquals("3", annotations.path("varve.dev/term").asText());
    assertFalse(annotations.has("varve.dev/bootstrap"), annotations.toString());
    assertEquals(
        "orders-0-0=0a,orders-0-1=0b", annotations.path("varve.dev/bootstrap-members").asText());
    assertEquals("kept", annotations.path("other").asText());
    assertEquals("orders", lease.at("/metadata/labels").path("varve.dev/cluster").asText());
    assertEquals(1, lease.at("/metadata/ownerReferences").size());
    assertEquals("orders-0-1", lease.at("/spec/holderIdentity").asText());
    assertEquals(15, lease.at("/spec/leaseDurationSeconds").asInt());
    assertEquals("2023-11-14T22:13:20.123000Z", lease.at("/spec/renewTime").asText());
    assertEquals("2023-11-14T22:13:20.123000Z", lease.at("/spec/acquireTime").asText());
    assertEquals("orders-0-1", written.holder());
    assertEquals(1_700_000_000_123L, written.renewedAtMs());
    assertEquals("42", written.version());
    assertEquals(written, leases.read().join());
  }

  @Test
  void aRenewalKeepsWhenTheLeaseWasAcquired() {
    LeaseView view = leases.read().join();
    LeaseView taken = leases.compareAndSet(view, held(view, 1_700_000_000_000L)).join();
    leases.compareAndSet(taken, held(taken, 1_700_000_005_000L)).join();
    assertEquals("2023-11-14T22:13:20.000000Z", api.object().at("/spec/acquireTime").asText());
    assertEquals("2023-11-14T22:13:25.000000Z", api.object().at("/spec/renewTime").asText());
  }

  private static LeaseView held(LeaseView view, long renewedAtMs) {
    return new LeaseView(view.version(), "orders-0-0", 1, renewedAtMs, 15_000, List.of(), Map.of());
  }

  @Test
  void aChangeMadeForAnOlderVersionIsAConflict() {
    LeaseView view = leases.read().join();
    leases.compareAndSet(view, held(view, 1)).join();
    CompletionException refusal =
        assertThrows(
            CompletionException.class, () -> leases.compareAndSet(view, held(view, 2)).join());
    assertInstanceOf(LeaseConflictException.class, refusal.getCause());
  }

  @Test
  void anAbsentLeaseAndASilentApiServerAreFailuresNotAnswers() {
    api.remove();
    CompletionException absent =
        assertThrows(CompletionException.class, () -> leases.read().join());
    assertInstanceOf(IOException.class, absent.getCause());
    api.close();
    CompletionException silent =
        assertThrows(CompletionException.class, () -> leases.read().join());
    assertFalse(silent.getCause() instanceof LeaseConflictException);
  }

  @Test
  void aTermThatIsNoNumberIsNotGuessed() {
    api.put(
        """
        {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
         "metadata": {"name": "orders-0", "namespace": "shop", "resourceVersion": "5",
           "annotations": {"varve.dev/term": "four"}}}
        """);
    CompletionException failure =
        assertThrows(CompletionException.class, () -> leases.read().join());
    assertTrue(String.valueOf(failure.getCause()).contains("varve.dev/term"), failure.toString());
  }
}
