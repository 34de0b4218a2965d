package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.ReadOptions;
import dev.varve.client.Value;
import dev.varve.client.VarveClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints a value, byte for byte. */
@Command(
    name = "get",
    description = "Print the value of a key, byte for byte. Not found: exit code 3.")
final class GetCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(paramLabel = "KEY", description = "The key, as UTF-8")
  private String key = "";

  @Mixin private KeyspaceOption keyspace = new KeyspaceOption();

  @Option(names = "--file", paramLabel = "F", description = "Write the value to this file instead")
  private @Nullable Path file;

  @Option(names = "--stale", description = "Let a replica answer, however far behind")
  private boolean stale;

  @Option(
      names = "--min-sequence",
      paramLabel = "N",
      description = "See at least this sequence, as a put printed it")
  private long minSequence;

  GetCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    Invocation invocation = varve.invocation();
    ReadOptions options = new ReadOptions(keyspace.name(), minSequence, stale, 0);
    Optional<Value> found;
    try (VarveClient client = varve.connect()) {
      found = client.get(Bytes.utf8(key), options);
    }
    if (found.isEmpty()) {
      invocation.err().println("varve: no value for '" + key + "'");
      return ExitCode.NOT_FOUND;
    }
    Value value = found.get();
    Path target = file;
    if (target != null) {
      Files.write(target, value.bytes().toByteArray());
    } else if (varve.json()) {
      JsonObject json = EntryLine.json(Bytes.utf8(key), value.bytes(), value.expiresAtMs());
      json.addProperty("sequence", value.sequence());
      invocation.out().println(json);
    } else {
      value.bytes().writeTo(invocation.out());
      if (invocation.outIsTerminal()) {
        invocation.out().println();
      }
    }
    return ExitCode.DONE;
  }
}
