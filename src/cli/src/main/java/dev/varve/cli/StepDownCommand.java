package dev.varve.cli;

import com.google.gson.JsonObject;
import dev.varve.client.VarveClient;
import dev.varve.protocol.v1.StepDownResponse;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Has a primary hand over. */
@Command(
    name = "step-down",
    description =
        "Have the primary hand its shard to another member, and wait until that leads. Writes pause for"
            + " less than a second as a rule; compactions under way are rolled back.")
final class StepDownCommand implements Callable<Integer> {
  private final VarveCommand varve;

  @Option(
      names = "--to",
      paramLabel = "MEMBER",
      description =
          "The member that shall lead; nothing is done if it does already. Default: the most advanced"
              + " replica")
  private @Nullable String to;

  StepDownCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() {
    try (VarveClient client = varve.connect()) {
      List<Integer> shards = varve.shards(client.admin());
      if (to != null && shards.size() > 1) {
        throw new UsageException("--to " + to + ": a member is of one shard, say which by --shard");
      }
      for (int shard : shards) {
        StepDownResponse done = client.admin().stepDown(shard, to);
        print(shard, done);
        if (to != null && !to.equals(done.getMember())) {
          throw new CommandFailure(
              "shard " + shard + ": " + done.getMember() + " leads, not " + to, null);
        }
      }
    }
    return ExitCode.DONE;
  }

  private void print(int shard, StepDownResponse done) {
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
                  + ": "
                  + done.getMember()
                  + " is the primary in term "
                  + done.getTerm()
                  + ", at "
                  + done.getNewPrimary());
    }
  }
}
