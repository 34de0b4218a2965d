package dev.varve.cli;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import dev.varve.client.VarveClient;
import dev.varve.client.WriteOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deletes a key, or every key of a file. */
@Command(
    name = "delete",
    description = {
      "Delete a key; done as well when it has no value.",
      "With --file, every key of a file instead, a key a line."
    })
final class DeleteCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(arity = "0..1", paramLabel = "KEY", description = "The key, as UTF-8")
  private @Nullable String key;

  @Mixin private KeyspaceOption keyspace = new KeyspaceOption();

  @Option(
      names = "--file",
      paramLabel = "F",
      description = "Delete the keys in this file, one a line, as UTF-8; '-' is stdin")
  private @Nullable String file;

  @Option(
      names = "--if-sequence",
      paramLabel = "N",
      description = "Only if the key's present sequence is this")
  private @Nullable Long ifSequence;

  DeleteCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if ((key == null) == (file == null)) {
      throw new UsageException("give either KEY or --file");
    }
    if (key != null) {
      deleteOne(Bytes.utf8(key));
    } else if (file != null) {
      if (ifSequence != null) {
        throw new UsageException("--if-sequence goes with KEY, not with --file");
      }
      deleteAll(file);
    }
    return ExitCode.DONE;
  }

  private void deleteOne(ByteString bytes) {
    WriteOptions options = WriteOptions.DEFAULT.in(keyspace.name());
    if (ifSequence != null) {
      options = options.onlyIf(ifSequence);
    }
    try (VarveClient client = varve.connect()) {
      WriteReport.print(varve, bytes, client.delete(bytes, options));
    }
  }

  private void deleteAll(String source) throws IOException, InterruptedException {
    if ("-".equals(source)) {
      deleteLines(varve.invocation().in(), "stdin");
      return;
    }
    try (InputStream in = Files.newInputStream(Path.of(source))) {
      deleteLines(in, source);
    } catch (NoSuchFileException e) {
      throw new CommandFailure("no such file: " + source, e);
    }
  }

  private void deleteLines(InputStream in, String source) throws IOException, InterruptedException {
    LineReader lines = new LineReader(in);
    try (VarveClient client = varve.connect()) {
      BatchWriter writer = new BatchWriter(client, keyspace.name(), source);
      for (String line = next(lines, source); line != null; line = next(lines, source)) {
        if (!line.isEmpty()) {
          writer.delete(lines.number(), ByteString.copyFromUtf8(line));
        }
      }
      writer.finish();
      report(source, writer.written());
    }
  }

  private static @Nullable String next(LineReader lines, String source) throws IOException {
    try {
      return lines.next();
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(source + ":" + lines.number() + ": " + e.getMessage(), e);
    }
  }

  private void report(String source, long keys) {
    if (varve.json()) {
      JsonObject json = new JsonObject();
      json.addProperty("file", source);
      json.addProperty("keys", keys);
      varve.invocation().out().println(json);
    } else {
      varve
          .invocation()
          .out()
          .println(String.format(Locale.ROOT, "deleted %,d keys of %s", keys, source));
    }
  }
}
