package dev.varve.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.varve.client.MemberStatus;
import dev.varve.client.VarveClient;
import dev.varve.client.VarveException;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.ReplicaStatus;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusResponse;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Asks every member how it is. */
@Command(
    name = "status",
    description =
        "Ask every member of the store: roles, terms, sequences, lag, and each keyspace's bytes.")
final class StatusCommand implements Callable<Integer> {
  private static final String CLEAR_SCREEN = "\033[H\033[2J";

  private final VarveCommand varve;

  @Option(names = "--watch", description = "Ask again until interrupted")
  private boolean watch;

  @Option(
      names = "--interval",
      paramLabel = "DURATION",
      description = "With --watch, how often. Default: 2s")
  private Duration interval = Duration.ofSeconds(2);

  StatusCommand(VarveCommand varve) {
    this.varve = varve;
  }

  @Override
  public Integer call() throws InterruptedException {
    Invocation invocation = varve.invocation();
    try (VarveClient client = varve.connect()) {
      for (; ; ) {
        List<MemberStatus> members = client.admin().statusOfAll();
        if (watch && invocation.outIsTerminal()) {
          invocation.out().print(CLEAR_SCREEN);
        }
        print(members);
        if (!watch) {
          return answered(members);
        }
        invocation.out().flush();
        Thread.sleep(interval);
        if (!varve.json() && !invocation.outIsTerminal()) {
          invocation.out().println();
        }
      }
    }
  }

  private static int answered(List<MemberStatus> members) {
    VarveException failure = null;
    for (MemberStatus member : members) {
      if (member.status() != null) {
        return ExitCode.DONE;
      }
      failure = member.failure();
    }
    throw failure == null ? new CommandFailure("no member to ask", null) : failure;
  }

  private void print(List<MemberStatus> members) {
    if (varve.json()) {
      JsonArray list = new JsonArray();
      members.forEach(member -> list.add(json(member)));
      JsonObject all = new JsonObject();
      all.add("members", list);
      varve.invocation().out().println(all);
    } else {
      printMembers(members);
      printKeyspaces(members);
    }
  }

  private static JsonObject json(MemberStatus member) {
    JsonObject json = new JsonObject();
    json.addProperty("member", member.member());
    json.addProperty("shard", member.shard());
    json.addProperty("address", member.address().toString());
    if (member.status() != null) {
      json.add("status", JsonMessages.of(member.status()));
    }
    if (member.failure() != null) {
      json.addProperty("error", member.failure().getMessage());
    }
    return json;
  }

  private void printMembers(List<MemberStatus> members) {
    Table table =
        new Table(
            "SHARD>",
            "MEMBER",
            "ROLE",
            "TERM>",
            "SEQUENCE>",
            "COMMITTED>",
            "LAG>",
            "ADDRESS",
            "VERSION");
    for (MemberStatus member : members) {
      String shard = member.shard() < 0 ? "?" : String.valueOf(member.shard());
      StatusResponse status = member.status();
      if (status == null) {
        VarveException failure = member.failure();
        String why = failure == null ? "" : String.valueOf(failure.getMessage());
        table.row(
            shard, member.member(), "silent", "-", "-", "-", "-", member.address().toString(), why);
      } else {
        table.row(
            shard,
            member.member(),
            role(status.getRole()),
            Long.toUnsignedString(status.getTerm()),
            Long.toUnsignedString(status.getLastSequence()),
            Long.toUnsignedString(status.getCommittedSequence()),
            lag(member, members),
            member.address().toString(),
            status.getVersion());
      }
    }
    table.print(varve.invocation().out());
  }

  private static String role(Role role) {
    return switch (role) {
      case ROLE_PRIMARY -> "primary";
      case ROLE_REPLICA -> "replica";
      case ROLE_CANDIDATE -> "candidate";
      case ROLE_UNSPECIFIED, UNRECOGNIZED -> "unknown";
    };
  }

  /** How far a replica is behind, as its shard's primary sees it. */
  private static String lag(MemberStatus member, List<MemberStatus> members) {
    for (MemberStatus other : members) {
      StatusResponse status = other.status();
      if (status != null
          && status.getRole() == Role.ROLE_PRIMARY
          && other.shard() == member.shard()) {
        for (ReplicaStatus replica : status.getReplicasList()) {
          if (replica.getMember().equals(member.member())) {
            return replica.getConnected()
                ? TimeSpan.format(Math.max(0, replica.getLagMs()))
                : "disconnected";
          }
        }
      }
    }
    return "-";
  }

  private void printKeyspaces(List<MemberStatus> members) {
    PrintStream out = varve.invocation().out();
    Table table =
        new Table(
            "SHARD>",
            "MEMBER",
            "KEYSPACE",
            "KEYS>",
            "LIVE>",
            "TOTAL>",
            "DEAD>",
            "SEGMENTS>",
            "RETIRED>",
            "INDEX>",
            "LAST COMPACTION");
    boolean any = false;
    for (MemberStatus member : members) {
      @Nullable StatusResponse status = member.status();
      if (status == null) {
        continue;
      }
      for (KeyspaceStatus keyspace : status.getKeyspacesList()) {
        any = true;
        table.row(
            String.valueOf(member.shard()),
            member.member(),
            keyspace.getName(),
            String.format(Locale.ROOT, "%,d", keyspace.getLiveKeys()),
            ByteSize.format(keyspace.getLiveBytes()),
            ByteSize.format(keyspace.getTotalBytes()),
            String.format(Locale.ROOT, "%.2f", keyspace.getDeadRatio()),
            String.valueOf(keyspace.getSegments()),
            String.valueOf(keyspace.getRetiredSegments()),
            ByteSize.format(keyspace.getIndexBytes()),
            keyspace.getLastCompactionMs() == 0
                ? "never"
                : Instant.ofEpochMilli(keyspace.getLastCompactionMs())
                    .truncatedTo(ChronoUnit.SECONDS)
                    .toString());
      }
    }
    if (any) {
      out.println();
      table.print(out);
    }
  }
}
