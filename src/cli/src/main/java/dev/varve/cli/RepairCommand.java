package dev.varve.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.varve.store.RetiredSegments;
import dev.varve.store.StoreRuntime;
import dev.varve.store.recovery.LostRecord;
import dev.varve.store.recovery.Repair;
import dev.varve.store.recovery.RepairReport;
import dev.varve.store.recovery.RestoredSegments;
import dev.varve.store.storage.Storage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a store that opens from a damaged directory. */
@Command(
    name = "repair",
    description = {
      "Make a store that opens from what is good in a directory, and report exactly what was cut or lost.",
      "What is replaced is kept in DIR/_repair-<time>, with the report. A replicated member's directory loses its"
          + " identity: started as a member, it copies the primary's files. Prefer that, or a backup, to a repair."
    })
final class RepairCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Option(
      names = "--undo-compaction",
      paramLabel = "RUN",
      description = {
        "Instead, put back what the compaction RUN (and all later ones) replaced, if no checkpoint has let it go;"
            + " writes since then stay"
      })
  private String undone = "";

  @Parameters(paramLabel = "DIR", description = "The store's directory")
  private Path directory = Path.of("");

  RepairCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    Invocation invocation = varve.invocation();
    Storage storage = OfflineWork.writable(directory);
    Progress progress = new Progress(invocation, "repair " + directory);
    if (!undone.isEmpty()) {
      return undo(invocation, storage, progress);
    }
    RepairReport report;
    try {
      report =
          OfflineWork.run(
              invocation,
              () ->
                  Repair.run(
                      storage,
                      System.currentTimeMillis(),
                      (file, bytes, all) -> show(progress, file, bytes, all)),
              () -> {});
    } finally {
      progress.clear();
    }
    if (varve.json()) {
      invocation.out().println(json(report));
    } else {
      report.lines().forEach(invocation.out()::println);
    }
    return report.folder().isEmpty() ? ExitCode.SKIPPED : ExitCode.DONE;
  }

  private int undo(Invocation invocation, Storage storage, Progress progress) throws IOException {
    RestoredSegments restored;
    try (StoreRuntime runtime = StoreRuntime.threads("restore")) {
      restored =
          OfflineWork.run(
              invocation,
              () ->
                  RetiredSegments.restore(
                      storage,
                      runtime,
                      undone,
                      System.currentTimeMillis(),
                      (file, bytes, all) -> show(progress, file, bytes, all)),
              () -> {});
    } finally {
      progress.clear();
    }
    if (varve.json()) {
      JsonObject json = new JsonObject();
      json.addProperty("folder", restored.folder());
      json.addProperty("bytes", restored.bytes());
      JsonArray runs = new JsonArray();
      restored.runs().forEach(runs::add);
      json.add("runs", runs);
      JsonArray files = new JsonArray();
      restored.files().forEach(files::add);
      json.add("files", files);
      invocation.out().println(json);
    } else {
      restored.files().forEach(file -> invocation.out().println("restored " + file));
      invocation
          .out()
          .printf(
              "undone: %s; %s restored; what they had made is in %s%n",
              String.join(", ", restored.runs()),
              ByteSize.format(restored.bytes()),
              directory.resolve(restored.folder()));
    }
    return ExitCode.DONE;
  }

  /** Only called while nothing has been changed yet. */
  private void show(Progress progress, String file, long bytes, long bytesInAll) {
    OfflineWork.checkCancelled(varve.invocation());
    progress.show(bytesInAll == 0 ? 1 : (double) bytes / bytesInAll, () -> file);
  }

  private static JsonObject json(RepairReport report) {
    JsonObject json = new JsonObject();
    json.addProperty("folder", report.folder());
    json.addProperty("lostData", report.lostData());
    json.addProperty("mayComeBack", report.mayComeBack());
    json.addProperty("identityInvalidated", report.identityInvalidated());
    json.addProperty("restoredTombstones", report.restoredTombstones());
    json.addProperty("lastSequence", report.lastSequence());
    json.add("found", VerifyCommand.json(report.found()));
    JsonArray actions = new JsonArray();
    report.actions().forEach(actions::add);
    json.add("actions", actions);
    JsonArray losses = new JsonArray();
    for (RepairReport.Loss loss : report.losses()) {
      JsonObject one = new JsonObject();
      one.addProperty("file", loss.file());
      one.addProperty("offset", loss.offset());
      one.addProperty("length", loss.length());
      one.addProperty("detail", loss.detail());
      one.addProperty("sequenceBefore", loss.sequenceBefore());
      one.addProperty("sequenceAfter", loss.sequenceAfter());
      one.addProperty("recordsKnown", loss.recordsKnown());
      losses.add(one);
    }
    json.add("losses", losses);
    JsonArray records = new JsonArray();
    for (LostRecord record : report.lostRecords()) {
      JsonObject one = new JsonObject();
      one.addProperty("keyspace", record.keyspace());
      one.addProperty("key", Base64.getEncoder().encodeToString(record.key()));
      one.addProperty("sequence", record.sequence());
      one.addProperty("tombstone", record.tombstone());
      records.add(one);
    }
    json.add("lostRecords", records);
    return json;
  }
}
