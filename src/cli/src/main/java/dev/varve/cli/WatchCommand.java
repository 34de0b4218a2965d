package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.ChangeBatch;
import dev.varve.client.SequenceTooOldException;
import dev.varve.client.VarveAdmin;
import dev.varve.client.VarveClient;
import dev.varve.client.WatchCursor;
import dev.varve.client.WatchOptions;
import dev.varve.protocol.v1.DeleteRequest;
import dev.varve.protocol.v1.Mutation;
import dev.varve.protocol.v1.PutRequest;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Prints changes as they are committed, over changes of the primary. */
@Command(name = "watch", description = "Print committed changes in their order, until interrupted.")
final class WatchCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Mixin private KeyspaceOption keyspace = new KeyspaceOption();

  @Option(names = "--prefix", paramLabel = "P", description = "Only keys that begin so")
  private String prefix = "";

  @Option(
      names = "--after",
      paramLabel = "SEQUENCE",
      description =
          "Begin after this sequence; 0: with the first change that is kept. Default: with the"
              + " next one that is committed")
  private @Nullable Long after;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "End once at least this many changes are printed; a batch is printed whole")
  private long limit;

  WatchCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() {
    if (limit < 0) {
      throw new UsageException("--limit " + limit + " is negative");
    }
    if (after != null && after < 0) {
      throw new UsageException("--after " + after + " is negative");
    }
    try (VarveClient client = varve.connect();
        WatchCursor cursor = client.watch(options(client.admin()))) {
      print(cursor);
    } catch (SequenceTooOldException e) {
      throw new CommandFailure(explain(e), e);
    }
    return ExitCode.DONE;
  }

  private WatchOptions options(VarveAdmin admin) {
    WatchOptions options = WatchOptions.ALL.in(keyspace.name()).startingWith(Bytes.utf8(prefix));
    int shards = admin.shards();
    Long given = after;
    if (given != null && given > 0 && shards > 1) {
      throw new UsageException("--after is of one shard, and the store has " + shards);
    }
    for (int shard = 0; shard < shards; shard++) {
      options = options.after(shard, given == null ? admin.committedSequence(shard) : given);
    }
    PrintStream err = varve.invocation().err();
    options
        .after()
        .forEach(
            (shard, sequence) ->
                err.println("watching shard " + shard + " after sequence " + sequence));
    err.flush();
    return options;
  }

  private void print(WatchCursor cursor) {
    PrintStream out = varve.invocation().out();
    for (long printed = 0; limit == 0 || printed < limit; ) {
      ChangeBatch batch = cursor.next();
      for (Mutation mutation : batch.mutations()) {
        out.println(varve.json() ? json(batch, mutation) : line(batch, mutation));
        printed++;
      }
      out.flush();
      if (out.checkError()) {
        throw new CommandFailure("stdout was closed", null);
      }
    }
  }

  private static String explain(SequenceTooOldException e) {
    String message = String.valueOf(e.getMessage());
    return e.startAfter().isEmpty()
        ? message
        : message
            + "; the lowest that a watch can begin with: --after "
            + e.startAfter().getAsLong();
  }

  private static String line(ChangeBatch batch, Mutation mutation) {
    PutRequest put = mutation.getPut();
    return mutation.hasPut()
        ? batch.sequence()
            + "\tput\t"
            + Bytes.printable(put.getKey())
            + "\t"
            + Bytes.printable(put.getValue())
        : batch.sequence() + "\tdelete\t" + Bytes.printable(mutation.getDelete().getKey());
  }

  private static JsonObject json(ChangeBatch batch, Mutation mutation) {
    PutRequest put = mutation.getPut();
    DeleteRequest delete = mutation.getDelete();
    JsonObject json;
    if (mutation.hasPut()) {
      json = EntryLine.json(put.getKey(), put.getValue(), put.getExpiresAtMs());
    } else {
      json = new JsonObject();
      EntryLine.add(json, "key", delete.getKey());
      json.addProperty("deleted", true);
    }
    json.addProperty("shard", batch.shard());
    json.addProperty("sequence", batch.sequence());
    return json;
  }
}
