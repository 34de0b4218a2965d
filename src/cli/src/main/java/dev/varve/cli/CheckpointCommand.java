package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.CheckpointResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Makes a recovery point on the primary. */
@Command(
    name = "checkpoint",
    description =
        "Make a durable recovery point on the primary, which also deletes retired segments.")
final class CheckpointCommand implements Callable<Integer> {
  private final VarveCommand varve;

  CheckpointCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() {
    try (VarveClient client = varve.connect()) {
      for (int shard : varve.shards(client.admin())) {
        CheckpointResponse done = client.admin().checkpoint(shard);
        if (varve.json()) {
          JsonObject json = JsonMessages.of(done);
          json.addProperty("shard", shard);
          varve.invocation().out().println(json);
        } else {
          varve
              .invocation()
              .out()
              .println(
                  "shard "
                      + shard
                      + ": checkpoint at sequence "
                      + done.getSequence()
                      + ", "
                      + done.getSegmentsDeleted()
                      + " retired segments deleted ("
                      + ByteSize.format(done.getBytesDeleted())
                      + ")");
        }
      }
    }
    return ExitCode.DONE;
  }
}
