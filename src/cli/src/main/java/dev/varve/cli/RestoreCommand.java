package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.store.Restore;
import dev.varve.store.recovery.BackupManifest;
import dev.varve.store.recovery.Verification;
import dev.varve.store.storage.PosixStorage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Puts a backup into an empty directory. */
@Command(
    name = "restore",
    description = {
      "Put a backup, a directory or a tar file, into an empty directory, comparing every file's CRC32C, and verify it.",
      "The directory opens standalone (varve serve DIR), with all data as of the backup's sequence. One that was cut"
          + " off is refused when it is opened; run restore again."
    })
final class RestoreCommand implements Callable<Integer> {
  private static final int BUFFER_BYTES = 1 << 20;

  private final VarveCommand varve;

  @Parameters(index = "0", paramLabel = "BACKUP", description = "What varve backup made")
  private Path backup = Path.of("");

  @Parameters(index = "1", paramLabel = "DIR", description = "A new or empty directory")
  private Path directory = Path.of("");

  RestoreCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws IOException {
    Invocation invocation = varve.invocation();
    Progress progress = new Progress(invocation, "restore " + directory);
    BackupManifest manifest;
    Verification found;
    try (BackupFiles files = BackupFiles.open(backup)) {
      manifest = files.manifest();
      found = OfflineWork.run(invocation, () -> restore(files, manifest, progress), () -> {});
    } catch (Restore.NotEmptyException e) {
      throw new UsageException(directory + ": " + e.getMessage(), e);
    } finally {
      progress.clear();
    }
    long bytes = manifest.files().stream().mapToLong(BackupManifest.BackedUp::length).sum();
    if (varve.json()) {
      JsonObject json = new JsonObject();
      json.addProperty("directory", directory.toString());
      json.addProperty("sequence", manifest.sequence());
      json.addProperty("files", manifest.files().size());
      json.addProperty("bytes", bytes);
      json.add("findings", VerifyCommand.json(found.findings()));
      invocation.out().println(json);
    } else {
      invocation
          .out()
          .println(
              "restored "
                  + manifest.files().size()
                  + " files ("
                  + ByteSize.format(bytes)
                  + ") as of sequence "
                  + manifest.sequence()
                  + " to "
                  + directory);
    }
    if (!found.clean()) {
      throw new CommandFailure(
          "the backup was made of damaged files; varve verify "
              + directory
              + " lists what is wrong",
          null);
    }
    return ExitCode.DONE;
  }

  private Verification restore(BackupFiles files, BackupManifest manifest, Progress progress)
      throws IOException {
    PosixStorage storage = new PosixStorage(directory);
    long all = manifest.files().stream().mapToLong(BackupManifest.BackedUp::length).sum();
    long done = 0;
    try (Restore restore = Restore.begin(storage, manifest)) {
      for (BackupManifest.BackedUp file : manifest.files()) {
        long at = 0;
        try (InputStream in = files.read(file.path())) {
          byte[] bytes = in.readNBytes(BUFFER_BYTES);
          while (bytes.length > 0) {
            OfflineWork.checkCancelled(varve.invocation());
            if (at + bytes.length > file.length()) {
              throw new IOException("the backup's " + file.path() + " is longer than it was");
            }
            restore.write(file.path(), at, ByteBuffer.wrap(bytes));
            at += bytes.length;
            done += bytes.length;
            progress.show(all == 0 ? 1 : (double) done / all, file::path);
            bytes = in.readNBytes(BUFFER_BYTES);
          }
        }
      }
      restore.finish();
    }
    return Verification.of(
        storage,
        (file, bytes, bytesInAll) ->
            progress.show(
                bytesInAll == 0 ? 1 : (double) bytes / bytesInAll, () -> "verify " + file));
  }
}
