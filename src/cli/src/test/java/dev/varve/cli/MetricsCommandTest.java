package dev.varve.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetricsCommandTest {
  private static final String TEXT =
      """
      # HELP jvm_threads_live_threads The current number of live threads
      # TYPE jvm_threads_live_threads gauge
      jvm_threads_live_threads 31.0
      # HELP varve_keyspace_dead_ratio 1 - live / total
      # TYPE varve_keyspace_dead_ratio gauge
      varve_keyspace_dead_ratio{keyspace="main"} 0.25
      varve_keyspace_dead_ratio{keyspace="objects"} NaN
      # HELP varve_read_seconds From a Get's arrival to its answer
      # TYPE varve_read_seconds histogram
      varve_read_seconds_bucket{le="0.001"} 7
      varve_read_seconds_bucket{le="+Inf"} 12345
      varve_read_seconds_count 12345
      varve_failures_total{reason="odd \\"quoted\\", {x}"} 2 1700000000000
      """;

  private HttpServer server = serverOn("/q/metrics", 200, TEXT);

  private static HttpServer serverOn(String path, int code, String text) {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          path,
          exchange -> {
            byte[] body = text.getBytes(UTF_8);
            exchange.sendResponseHeaders(code, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
          });
      return server;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeEach
  void start() {
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private CommandRun metrics(String... options) {
    String[] args = new String[5 + options.length];
    List.of("metrics", "--endpoint", "127.0.0.1:9090", "--http-port", port()).toArray(args);
    System.arraycopy(options, 0, args, 5, options.length);
    return CommandRun.of(args);
  }

  private String port() {
    return String.valueOf(server.getAddress().getPort());
  }

  @Test
  void printsTheMembersOwnMetrics() {
    CommandRun run = metrics();
    assertEquals(0, run.code(), run.err());
    assertEquals(
        List.of(
            "METRIC                      LABELS                      VALUE   MEANING",
            "varve_keyspace_dead_ratio   keyspace=main                0.25   1 - live / total",
            "varve_keyspace_dead_ratio   keyspace=objects              NaN   1 - live / total",
            "varve_read_seconds_count                               12,345   From a Get's arrival to"
                + " its answer",
            "varve_failures_total        reason=odd \"quoted\", {x}        2"),
        run.outLines());
  }

  @Test
  void printsAllOfThemOrSome() {
    assertEquals(8, metrics("--all").outLines().size());
    assertEquals(2, metrics("--name", "jvm_").outLines().size());
  }

  @Test
  void printsOneJsonObjectALine() {
    CommandRun run = metrics("--output", "json");
    assertEquals(4, run.outLines().size());
    JsonObject first = JsonParser.parseString(run.outLines().getFirst()).getAsJsonObject();
    assertEquals("varve_keyspace_dead_ratio", first.get("name").getAsString());
    assertEquals("main", first.getAsJsonObject("labels").get("keyspace").getAsString());
    assertEquals(0.25, first.get("value").getAsDouble());
    assertEquals("gauge", first.get("type").getAsString());
    assertEquals("1 - live / total", first.get("help").getAsString());
    assertEquals("127.0.0.1:9090", first.get("endpoint").getAsString());
    JsonObject last = JsonParser.parseString(run.outLines().getLast()).getAsJsonObject();
    assertEquals("odd \"quoted\", {x}", last.getAsJsonObject("labels").get("reason").getAsString());
    JsonObject second = JsonParser.parseString(run.outLines().get(1)).getAsJsonObject();
    assertEquals("NaN", second.get("value").getAsString());
  }

  @Test
  void saysWhomItCouldNotAsk() {
    server.stop(0);
    CommandRun run = metrics();
    assertEquals(1, run.code());
    assertTrue(run.err().contains("http://127.0.0.1:" + port() + "/q/metrics"), run.err());
  }

  @Test
  void saysWhatWasAnsweredInstead() {
    server.removeContext("/q/metrics");
    CommandRun run = metrics();
    assertEquals(1, run.code());
    assertTrue(run.err().contains("answered 404"), run.err());
    server
        .createContext("/q/metrics")
        .setHandler(
            exchange -> {
              exchange.sendResponseHeaders(200, 0);
              exchange.getResponseBody().write("<html>".getBytes(UTF_8));
              exchange.close();
            });
    CommandRun other = metrics();
    assertEquals(1, other.code());
    assertTrue(other.err().contains("<html>"), other.err());
  }

  @Test
  void takesThePortFromTheEnvironment() {
    CommandRun run =
        CommandRun.start(
                Map.of("VARVE_HTTP_PORT", port(), "VARVE_ENDPOINT", "127.0.0.1:9090"), "metrics")
            .await();
    assertEquals(0, run.code(), run.err());
    assertEquals(2, CommandRun.start(Map.of("VARVE_HTTP_PORT", "x"), "metrics").await().code());
  }

  @Test
  void refusesWhatIsNoMetric() {
    for (String line : new String[] {"name", "name{a=\"b\"", "name{a} 1", "name x", "name{} "}) {
      assertThrows(IllegalArgumentException.class, () -> MetricsText.parse(line), line);
    }
    assertEquals(
        List.of(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY),
        MetricsText.parse("a +Inf\nb{} -Inf").stream().map(MetricsText.Sample::value).toList());
  }
}
