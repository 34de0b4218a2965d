package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.VarveClient;
import dev.varve.client.VarveStream;
import dev.varve.protocol.v1.StreamTrimResponse;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trims a stream from the front. */
@Command(
    name = "trim",
    description =
        "Remove entries from the beginning of a stream. They are hidden for good at once; the next"
            + " compactions free their bytes.")
final class TrimCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(paramLabel = "STREAM", description = "A keyspace of type Stream")
  private String stream = "";

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Bound bound = new Bound();

  @Option(
      names = "--approximate",
      description =
          "Remove whole segments only, leaving up to a segment more than asked for: nothing has to be"
              + " copied")
  private boolean approximate;

  /** Up to where. */
  static final class Bound {
    @Option(names = "--max-length", paramLabel = "N", description = "Keep the last N entries")
    private @Nullable Long maxLength;

    @Option(names = "--min-id", paramLabel = "ID", description = "Remove entries with lower ids")
    private @Nullable Long minId;

    @Option(
        names = "--max-age",
        paramLabel = "DURATION",
        description = "Remove entries older than this, such as 24h")
    private @Nullable String maxAge;
  }

  TrimCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() {
    try (VarveClient client = varve.connect()) {
      StreamTrimResponse trimmed = trim(client.stream(stream));
      if (varve.json()) {
        JsonObject json = JsonMessages.of(trimmed);
        json.addProperty("stream", stream);
        varve.invocation().out().println(json);
      } else {
        varve
            .invocation()
            .out()
            .println(
                stream
                    + ": "
                    + String.format(Locale.ROOT, "%,d", trimmed.getRemoved())
                    + " entries removed, the first id is "
                    + Long.toUnsignedString(trimmed.getFirstId())
                    + ", "
                    + ByteSize.format(trimmed.getBytesReclaimed())
                    + " to be freed by compaction");
      }
    }
    return ExitCode.DONE;
  }

  private StreamTrimResponse trim(VarveStream trimmed) {
    if (bound.maxLength != null) {
      return trimmed.trimToLength(notNegative("--max-length", bound.maxLength), approximate);
    }
    if (bound.minId != null) {
      return trimmed.trimToId(notNegative("--min-id", bound.minId), approximate);
    }
    if (bound.maxAge != null) {
      return trimmed.trimToAge(TimeSpan.parse(bound.maxAge).toMillis(), approximate);
    }
    throw new UsageException("one of --max-length, --min-id and --max-age is needed");
  }

  private static long notNegative(String option, long value) {
    if (value < 0) {
      throw new UsageException(option + " " + value + ": must not be negative");
    }
    return value;
  }
}
