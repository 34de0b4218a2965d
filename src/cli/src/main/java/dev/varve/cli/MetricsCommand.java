package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.Address;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prints a member's metrics. They come from its HTTP port: no call of the protocol has them. */
@Command(
    name = "metrics",
    description =
        "Print the metrics of the members that --endpoint names, from their HTTP port (docs/monitoring.md).")
final class MetricsCommand implements Callable<Integer> {
  private static final String DEFAULT_PORT = "8080";
  private static final String PATH = "/q/metrics";
  private static final String OWN = "varve_";

  private final VarveCommand varve;

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      description =
          "The members' port for health and metrics. Default: VARVE_HTTP_PORT, else "
              + DEFAULT_PORT)
  private @Nullable Integer httpPort;

  @Option(
      names = "--name",
      paramLabel = "PREFIX",
      description = "Only metrics whose names begin so. Default: " + OWN)
  private String prefix = OWN;

  @Option(
      names = "--all",
      description = "Those of the JVM and the process too, and histograms' buckets")
  private boolean all;

  MetricsCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newBuilder().connectTimeout(varve.requestTimeout()).build()) {
      List<Address> members = varve.addresses();
      for (Address member : members) {
        URI uri = uri(member);
        List<MetricsText.Sample> samples = ask(http, uri);
        if (varve.json()) {
          samples.forEach(sample -> varve.invocation().out().println(json(member, sample)));
        } else {
          if (members.size() > 1) {
            varve.invocation().out().println(member);
          }
          print(samples);
        }
      }
    }
    return ExitCode.DONE;
  }

  private URI uri(Address member) {
    try {
      return new URI("http", null, member.host(), port(), PATH, null, null);
    } catch (URISyntaxException e) {
      throw new UsageException("no host to ask for metrics: " + member.host(), e);
    }
  }

  private int port() {
    if (httpPort != null) {
      return httpPort;
    }
    String set = varve.invocation().environment("VARVE_HTTP_PORT", DEFAULT_PORT);
    try {
      return Integer.parseInt(set);
    } catch (NumberFormatException e) {
      throw new UsageException("VARVE_HTTP_PORT: not a port: " + set, e);
    }
  }

  private List<MetricsText.Sample> ask(HttpClient http, URI uri)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .timeout(varve.requestTimeout())
            .header("Accept", "text/plain")
            .build();
    HttpResponse<String> answer;
    try {
      answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
      throw new CommandFailure(uri + " can't be asked: " + why, e);
    }
    if (answer.statusCode() != 200) {
      throw new CommandFailure(uri + " answered " + answer.statusCode(), null);
    }
    try {
      return MetricsText.parse(answer.body()).stream().filter(this::wanted).toList();
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(uri + ": " + e.getMessage(), e);
    }
  }

  private boolean wanted(MetricsText.Sample sample) {
    return all || (sample.name().startsWith(prefix) && !sample.labels().containsKey("le"));
  }

  private static JsonObject json(Address member, MetricsText.Sample sample) {
    JsonObject json = new JsonObject();
    json.addProperty("endpoint", member.toString());
    json.addProperty("name", sample.name());
    JsonObject labels = new JsonObject();
    sample.labels().forEach(labels::addProperty);
    json.add("labels", labels);
    if (Double.isFinite(sample.value())) {
      json.addProperty("value", sample.value());
    } else {
      json.addProperty("value", String.valueOf(sample.value()));
    }
    json.addProperty("type", sample.type());
    json.addProperty("help", sample.help());
    return json;
  }

  private void print(List<MetricsText.Sample> samples) {
    Table table = new Table("METRIC", "LABELS", "VALUE>", "MEANING");
    for (MetricsText.Sample sample : samples) {
      String labels =
          sample.labels().entrySet().stream()
              .map(label -> label.getKey() + '=' + label.getValue())
              .collect(Collectors.joining(" "));
      table.row(sample.name(), labels, value(sample.value()), sample.help());
    }
    table.print(varve.invocation().out());
  }

  private static String value(double value) {
    boolean whole = value == Math.rint(value) && Math.abs(value) < 1e15;
    return whole ? String.format(Locale.ROOT, "%,d", (long) value) : String.valueOf(value);
  }
}
