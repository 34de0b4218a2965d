package dev.varve.node.lease;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.NullUnmarked;

/** One object behind the API server's rules: merge patches, resource versions, conflicts. */
@NullUnmarked
final class FakeApiServer implements AutoCloseable {
  private final ObjectMapper json = new ObjectMapper();
  private final HttpServer server;
  private final String path;
  private ObjectNode object;

  private FakeApiServer(HttpServer server, String path) {
    this.server = server;
    this.path = path;
  }

  static FakeApiServer start(String path) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    FakeApiServer api = new FakeApiServer(server, path);
    server.createContext("/", api::handle);
    server.start();
    return api;
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
  }

  synchronized void put(String text) {
    try {
      object = (ObjectNode) json.readTree(text);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  synchronized void remove() {
    object = null;
  }

  synchronized JsonNode object() {
    return object.deepCopy();
  }

  private synchronized void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      if (object == null || !exchange.getRequestURI().getPath().equals(path)) {
        answer(exchange, 404, status(404));
        return;
      }
      switch (exchange.getRequestMethod()) {
        case "GET" -> answer(exchange, 200, object);
        case "PATCH" -> patch(exchange, body);
        default -> answer(exchange, 405, status(405));
      }
    }
  }

  private void patch(HttpExchange exchange, byte[] body) throws IOException {
    String type = exchange.getRequestHeaders().getFirst("Content-Type");
    if (!type.startsWith("application/merge-patch+json")) {
      answer(exchange, 415, status(415));
      return;
    }
    ObjectNode patch = (ObjectNode) json.readTree(body);
    String version = object.at("/metadata/resourceVersion").asText();
    JsonNode expected = patch.at("/metadata/resourceVersion");
    if (!expected.isMissingNode() && !expected.asText().equals(version)) {
      answer(exchange, 409, status(409));
      return;
    }
    merge(object, patch);
    ((ObjectNode) object.get("metadata"))
        .put("resourceVersion", Long.toString(Long.parseLong(version) + 1));
    answer(exchange, 200, object);
  }

  /** RFC 7386. */
  private static void merge(ObjectNode target, ObjectNode patch) {
    patch
        .properties()
        .forEach(
            field -> {
              if (field.getValue().isNull()) {
                target.remove(field.getKey());
              } else if (field.getValue() instanceof ObjectNode inner) {
                JsonNode existing = target.get(field.getKey());
                merge(
                    existing instanceof ObjectNode node ? node : target.putObject(field.getKey()),
                    inner);
              } else {
                target.set(field.getKey(), field.getValue());
              }
            });
  }

  private ObjectNode status(int code) {
    return json.createObjectNode()
        .put("kind", "Status")
        .put("apiVersion", "v1")
        .put("status", "Failure")
        .put("code", code);
  }

  private void answer(HttpExchange exchange, int code, JsonNode body) throws IOException {
    byte[] bytes = json.writeValueAsBytes(body);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(code, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
