package dev.varve.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.varve.store.recovery.Finding;
import dev.varve.store.recovery.Verification;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Reads all of a store's directory and lists what is wrong. */
@Command(
    name = "verify",
    description = {
      "Read everything in a store's directory and list what is wrong, where, and what repair would do.",
      "Changes nothing. The store must not be open in a process. Ends with 1 when anything but notes was found."
    })
final class VerifyCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(paramLabel = "DIR", description = "The store's directory")
  private Path directory = Path.of("");

  VerifyCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    Invocation invocation = varve.invocation();
    Storage storage = OfflineWork.readable(directory);
    Progress progress = new Progress(invocation, "verify " + directory);
    Verification found;
    try {
      found =
          OfflineWork.run(
              invocation,
              () ->
                  Verification.of(storage, (file, bytes, all) -> show(progress, file, bytes, all)),
              () -> {});
    } finally {
      progress.clear();
    }
    if (varve.json()) {
      invocation.out().println(json(found));
    } else {
      print(found, invocation.out());
    }
    return found.clean() ? ExitCode.DONE : ExitCode.FAILED;
  }

  private void show(Progress progress, String file, long bytes, long bytesInAll) {
    OfflineWork.checkCancelled(varve.invocation());
    progress.show(bytesInAll == 0 ? 1 : (double) bytes / bytesInAll, () -> file);
  }

  private static void print(Verification found, PrintStream out) {
    if (!found.findings().isEmpty()) {
      Table table = new Table("SEVERITY", "FILE", "OFFSET>", "BYTES>", "FOUND", "REPAIR");
      for (Finding finding : found.findings()) {
        table.row(
            finding.severity().name(),
            finding.file(),
            Long.toString(finding.offset()),
            Long.toString(finding.length()),
            finding.detail(),
            finding.repair());
      }
      table.print(out);
    }
    out.println(
        String.format(
            Locale.ROOT,
            "%s: %,d files, %s, %,d records read; %s",
            found.clean() ? "clean" : found.damaged() ? "damaged" : "defective",
            found.files(),
            ByteSize.format(found.bytes()),
            found.records(),
            counts(found)));
  }

  private static String counts(Verification found) {
    StringBuilder counts = new StringBuilder();
    for (Finding.Severity severity : Finding.Severity.values()) {
      long count = found.findings().stream().filter(f -> f.severity() == severity).count();
      counts.append(counts.isEmpty() ? "" : ", ").append(count).append(' ').append(severity);
    }
    return counts.toString();
  }

  static JsonArray json(Iterable<Finding> findings) {
    JsonArray array = new JsonArray();
    for (Finding finding : findings) {
      JsonObject one = new JsonObject();
      one.addProperty("severity", finding.severity().name());
      one.addProperty("file", finding.file());
      one.addProperty("offset", finding.offset());
      one.addProperty("length", finding.length());
      one.addProperty("detail", finding.detail());
      one.addProperty("repair", finding.repair());
      array.add(one);
    }
    return array;
  }

  private static JsonObject json(Verification found) {
    JsonObject json = new JsonObject();
    json.addProperty("clean", found.clean());
    json.addProperty("damaged", found.damaged());
    json.addProperty("files", found.files());
    json.addProperty("bytes", found.bytes());
    json.addProperty("records", found.records());
    json.addProperty("durableSequence", found.durableSequence());
    json.add("findings", json(found.findings()));
    return json;
  }
}
