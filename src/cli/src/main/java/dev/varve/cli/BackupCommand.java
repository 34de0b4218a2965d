package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.MessageStream;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.BackupChunk;
import dev.varve.store.recovery.BackupManifest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Copies a shard's files from its live primary. */
@Command(
    name = "backup",
    description = {
      "Copy a shard's files, as of one committed sequence, from its primary, which goes on serving and compacting.",
      "Every chunk's and every file's CRC32C is compared. A backup without its file _backup is not whole."
    })
final class BackupCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Parameters(
      paramLabel = "DIR",
      description = "A new or empty directory; with --archive a file that is not there yet")
  private Path target = Path.of("");

  @Option(names = "--archive", description = "Write one tar file")
  private boolean archive;

  BackupCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    Progress progress = new Progress(varve.invocation(), "backup " + target);
    BackupReceiver receiver;
    try (VarveClient client = varve.connect()) {
      List<Integer> shards = varve.shards(client.admin());
      if (shards.size() != 1) {
        throw new UsageException(
            "the store has " + shards.size() + " shards: back up each with --shard N");
      }
      try (BackupTarget files =
              archive ? ArchiveTarget.create(target) : DirectoryTarget.create(target);
          MessageStream<BackupChunk> chunks = client.admin().backup(shards.getFirst())) {
        receiver = new BackupReceiver(files);
        receive(chunks, receiver, progress);
      } finally {
        progress.clear();
      }
    }
    report(receiver.manifest(), receiver.bytes(), progress.elapsedSeconds());
    return ExitCode.DONE;
  }

  private void receive(
      MessageStream<BackupChunk> chunks, BackupReceiver receiver, Progress progress) {
    try {
      while (chunks.hasNext()) {
        receiver.take(chunks.next());
        progress.show(-1, () -> ByteSize.format(receiver.bytes()) + ", " + receiver.file());
      }
      receiver.finish();
    } catch (IOException e) { // of what is written here: the platform does not say where
      throw new CommandFailure(
          target + ": " + receiver.file() + " could not be written: " + e.getMessage(), e);
    }
  }

  private void report(BackupManifest manifest, long bytes, double seconds) {
    if (varve.json()) {
      JsonObject json = new JsonObject();
      json.addProperty("backup", target.toString());
      json.addProperty("sequence", manifest.sequence());
      json.addProperty("files", manifest.files().size());
      json.addProperty("bytes", bytes);
      json.addProperty("seconds", Math.round(seconds * 1000) / 1000.0);
      varve.invocation().out().println(json);
    } else {
      varve
          .invocation()
          .out()
          .println(
              "backed up "
                  + manifest.files().size()
                  + " files ("
                  + ByteSize.format(bytes)
                  + ") as of sequence "
                  + manifest.sequence()
                  + " to "
                  + target);
    }
  }
}
