package dev.varve.cli;

import com.google.protobuf.ByteString;
import dev.varve.client.VarveClient;
import dev.varve.client.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a value. */
@Command(name = "put", description = "Write a value. Returns when a majority has it on disk.")
final class PutCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(index = "0", paramLabel = "KEY", description = "The key, as UTF-8")
  private String key = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "VALUE",
      description = "The value, as UTF-8")
  private @Nullable String value;

  @Mixin private KeyspaceOption keyspace = new KeyspaceOption();

  @Option(
      names = "--file",
      paramLabel = "F",
      description = "Take the value from this file; '-' is stdin")
  private @Nullable String file;

  @Option(
      names = "--ttl",
      paramLabel = "DURATION",
      description = "Expire after this time, as in 1h")
  private Duration ttl = Duration.ZERO;

  @Option(
      names = "--if-sequence",
      paramLabel = "N",
      description = "Only if the key's present sequence is this; 0: only if the key is absent")
  private @Nullable Long ifSequence;

  PutCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    ByteString bytes = bytes();
    WriteOptions options = WriteOptions.DEFAULT.in(keyspace.name()).ttl(ttl.toMillis());
    if (ifSequence != null) {
      options = options.onlyIf(ifSequence);
    }
    ByteString keyBytes = Bytes.utf8(key);
    try (VarveClient client = varve.connect()) {
      WriteReport.print(varve, keyBytes, client.put(keyBytes, bytes, options));
    }
    return ExitCode.DONE;
  }

  private ByteString bytes() throws IOException {
    if ((value == null) == (file == null)) {
      throw new UsageException("put takes either a VALUE or --file");
    }
    if (value != null) {
      return Bytes.utf8(value);
    }
    return "-".equals(file)
        ? ByteString.readFrom(varve.invocation().in())
        : ByteString.copyFrom(Files.readAllBytes(Path.of(String.valueOf(file))));
  }
}
