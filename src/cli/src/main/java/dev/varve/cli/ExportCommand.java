package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.ScanCursor;
import dev.varve.client.ScanOptions;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.Entry;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a keyspace as NDJSON. */
@Command(
    name = "export",
    description = {
      "Write a keyspace as NDJSON that import takes back: the view of one sequence, in no order.",
      "The file appears when it is whole."
    })
final class ExportCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(paramLabel = "FILE.ndjson", description = "The file; '-' is stdout")
  private String file = "";

  @Mixin private KeyspaceOption keyspace = new KeyspaceOption();

  @Option(names = "--prefix", paramLabel = "P", description = "Only keys that begin so")
  private String prefix = "";

  ExportCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    Invocation invocation = varve.invocation();
    Progress progress = new Progress(invocation, "export " + file);
    if ("-".equals(file)) {
      write(invocation.out(), progress);
      return ExitCode.DONE;
    }
    Path target = Path.of(file);
    Path part = Path.of(file + ".part");
    long records;
    try {
      try (PrintStream out =
          new PrintStream(
              new java.io.BufferedOutputStream(Files.newOutputStream(part), 1 << 16),
              false,
              StandardCharsets.UTF_8)) {
        records = write(out, progress);
      }
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
    report(records, progress.elapsedSeconds());
    return ExitCode.DONE;
  }

  private long write(PrintStream out, Progress progress) {
    ScanOptions options = ScanOptions.ALL.in(keyspace.name()).startingWith(Bytes.utf8(prefix));
    long records = 0;
    try (VarveClient client = varve.connect();
        ScanCursor cursor = client.scan(options)) {
      while (cursor.hasNext()) {
        Entry entry = cursor.next();
        out.print(new EntryLine(entry.getKey(), entry.getValue(), entry.getExpiresAtMs()).format());
        out.print('\n');
        records++;
        long soFar = records;
        progress.show(
            -1,
            () ->
                String.format(
                    Locale.ROOT, "%,d records, %,.0f/s", soFar, soFar / progress.elapsedSeconds()));
      }
    } finally {
      progress.clear();
    }
    if (out.checkError()) {
      throw new CommandFailure("cannot write " + file + ": is the disk full?", null);
    }
    return records;
  }

  private void report(long records, double seconds) {
    if (varve.json()) {
      JsonObject json = new JsonObject();
      json.addProperty("file", file);
      json.addProperty("records", records);
      json.addProperty("seconds", Math.round(seconds * 1000) / 1000.0);
      varve.invocation().out().println(json);
    } else {
      varve
          .invocation()
          .out()
          .println(
              String.format(
                  Locale.ROOT, "exported %,d records to %s in %.1f s", records, file, seconds));
    }
  }
}
