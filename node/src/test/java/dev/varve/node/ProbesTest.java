package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.node.settings.SettingsReader;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@QuarkusTest
class ProbesTest {
  @Inject NodeHolder holder;
  @Inject MeterRegistry registry;

  @TestHTTPResource("/")
  @SuppressWarnings("NullAway.Init") // the test framework sets it
  URI root;

  @TempDir Path directory;

  private final HttpClient client = HttpClient.newHttpClient();

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(root.resolve(path)).build(), HttpResponse.BodyHandlers.ofString());
  }

  private void expect(int code, String... paths) throws IOException, InterruptedException {
    for (String path : paths) {
      HttpResponse<String> answer = get(path);
      assertEquals(code, answer.statusCode(), path + ": " + answer.body());
    }
  }

  @Test
  void probesFollowTheNode() throws Exception {
    // While the directory is being recovered there is no node: not to be killed for it, not ready.
    expect(503, "/q/health/started", "/q/health/ready");
    expect(200, "/q/health/live");

    Map<String, String> settings =
        Map.of(
            "VARVE_MODE", "standalone",
            "VARVE_DATA_DIR", directory.toString(),
            "VARVE_HOST", "127.0.0.1",
            "VARVE_PORT", "0");
    Node node =
        Node.start(
            new SettingsReader(name -> Optional.ofNullable(settings.get(name))).read(),
            registry,
            "test");
    try (node) {
      holder.hold(node);
      node.whenReady().get(20, TimeUnit.SECONDS);
      expect(200, "/q/health/started", "/q/health/live", "/q/health/ready");
      String metrics = get("/q/metrics").body();
      for (String name :
          new String[] {
            "varve_role{role=\"primary\"} 1.0",
            "varve_term ",
            "varve_sequence_last ",
            "varve_sequence_committed ",
            "varve_keyspace_live_bytes{keyspace=\"main\"}",
            "varve_keyspace_total_bytes{keyspace=\"objects\"}",
            "varve_keyspace_dead_ratio{keyspace=\"main\"}",
            "varve_keyspace_write_amplification{keyspace=\"main\"}",
            "varve_write_amplification ",
            "varve_read_seconds_count",
            "varve_write_seconds_bucket"
          }) {
        assertTrue(metrics.contains(name), name + " is not in " + metrics);
      }
    } finally {
      holder.hold(null);
    }
  }
}
