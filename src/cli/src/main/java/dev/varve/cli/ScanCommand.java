package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.ScanCursor;
import dev.varve.client.ScanOptions;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.Entry;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints entries, in no order. */
@Command(
    name = "scan",
    description = "Print keys and values, in no order: the view of one sequence.")
final class ScanCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Mixin private KeyspaceOption keyspace = new KeyspaceOption();

  @Option(names = "--prefix", paramLabel = "P", description = "Only keys that begin so")
  private String prefix = "";

  @Option(names = "--keys-only", description = "Leave the values out")
  private boolean keysOnly;

  @Option(names = "--limit", paramLabel = "N", description = "At most this many entries")
  private int limit;

  @Option(names = "--stale", description = "Let a replica answer, however far behind")
  private boolean stale;

  ScanCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() {
    if (limit < 0) {
      throw new UsageException("--limit " + limit + " is negative");
    }
    ScanOptions options =
        new ScanOptions(keyspace.name(), Bytes.utf8(prefix), keysOnly, limit, stale);
    try (VarveClient client = varve.connect();
        ScanCursor cursor = client.scan(options)) {
      while (cursor.hasNext()) {
        print(cursor.next());
        if (varve.invocation().out().checkError()) {
          throw new CommandFailure("stdout was closed", null);
        }
      }
    }
    return ExitCode.DONE;
  }

  private void print(Entry entry) {
    if (varve.json()) {
      JsonObject json;
      if (keysOnly) {
        json = new JsonObject();
        EntryLine.add(json, "key", entry.getKey());
      } else {
        json = EntryLine.json(entry.getKey(), entry.getValue(), entry.getExpiresAtMs());
      }
      json.addProperty("sequence", entry.getSequence());
      varve.invocation().out().println(json);
    } else {
      String key = Bytes.printable(entry.getKey());
      varve
          .invocation()
          .out()
          .println(keysOnly ? key : key + "\t" + Bytes.printable(entry.getValue()));
    }
  }
}
