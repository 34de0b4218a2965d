package dev.varve.cli;

import dev.varve.client.VarveClient;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Writes what a file of NDJSON says. */
@Command(
    name = "import",
    description = {
      "Put every line of an NDJSON file: {\"key\": ..., \"value\": ..., \"expires_at_ms\": ...}.",
      "A value that is no string is stored as its compact JSON text; key_base64 and value_base64 hold other bytes.",
      "Stops at the first bad line; lines before it may have been written."
    })
final class ImportCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(paramLabel = "FILE.ndjson", description = "The file; '-' is stdin")
  private String file = "";

  @Mixin private KeyspaceOption keyspace = new KeyspaceOption();

  ImportCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if ("-".equals(file)) {
      return load(varve.invocation().in(), "stdin", -1);
    }
    Path path = Path.of(file);
    try (InputStream in = Files.newInputStream(path)) {
      return load(in, file, Files.size(path));
    } catch (NoSuchFileException e) {
      throw new CommandFailure("no such file: " + file, e);
    }
  }

  private int load(InputStream in, String source, long size)
      throws IOException, InterruptedException {
    Invocation invocation = varve.invocation();
    Progress progress = new Progress(invocation, "import " + source);
    LineReader lines = new LineReader(in);
    long records = 0;
    try (VarveClient client = varve.connect()) {
      BatchWriter writer = new BatchWriter(client, keyspace.name(), source);
      try {
        for (; ; ) {
          EntryLine entry = next(lines, source);
          if (entry == null) {
            break;
          }
          writer.put(lines.number(), entry);
          records++;
          double fraction = size > 0 ? (double) lines.bytesRead() / size : -1;
          progress.show(fraction, () -> state(writer.written(), progress));
        }
        writer.finish();
      } finally {
        progress.clear();
      }
    }
    report(source, records, progress.elapsedSeconds());
    return ExitCode.DONE;
  }

  private static @org.jspecify.annotations.Nullable EntryLine next(LineReader lines, String source)
      throws IOException {
    try {
      for (; ; ) {
        String line = lines.next();
        if (line == null) {
          return null;
        }
        if (!line.isBlank()) {
          return EntryLine.parse(line);
        }
      }
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(source + ":" + lines.number() + ": " + e.getMessage(), e);
    }
  }

  private static String state(long records, Progress progress) {
    return String.format(
        Locale.ROOT, "%,d records, %,.0f/s", records, records / progress.elapsedSeconds());
  }

  private void report(String source, long records, double seconds) {
    if (varve.json()) {
      com.google.gson.JsonObject json = new com.google.gson.JsonObject();
      json.addProperty("file", source);
      json.addProperty("records", records);
      json.addProperty("seconds", Math.round(seconds * 1000) / 1000.0);
      varve.invocation().out().println(json);
    } else {
      varve
          .invocation()
          .out()
          .println(
              String.format(
                  Locale.ROOT,
                  "imported %,d records from %s in %.1f s (%,.0f/s)",
                  records,
                  source,
                  seconds,
                  records / seconds));
    }
  }
}
