package dev.varve.operator.policy;

import dev.varve.operator.member.Members;
import dev.varve.operator.member.Reply;
import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.KeyspaceStatus;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.Role;
import dev.varve.protocol.v1.StatusResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Primaries in memory: one answer for all of them, and what each run is said to have done. */
final class FakeMembers implements Members {

  /** Events by run. */
  final Map<String, List<CompactionEvent>> events = new ConcurrentHashMap<>();

  volatile double deadRatio = 0.5;
  volatile long totalBytes = 100L << 20;
  volatile boolean silent;
  volatile boolean replica;
  volatile long lastCompactionMillis;

  /** Every plan that was asked for. */
  final List<CompactRequest> asked = java.util.Collections.synchronizedList(new ArrayList<>());

  @Override
  public Reply<StatusResponse> status(String address) {
    if (silent) {
      return new Reply.Silence<>(address + ": DEADLINE_EXCEEDED");
    }
    return new Reply.Answer<>(
        StatusResponse.newBuilder()
            .setMember(address.substring(0, address.indexOf('.')))
            .setRole(replica ? Role.ROLE_REPLICA : Role.ROLE_PRIMARY)
            .setTerm(7)
            .addKeyspaces(keyspace("main", deadRatio))
            .addKeyspaces(keyspace("objects", 0))
            .build());
  }

  @Override
  public Reply<PlanResponse> plan(String address, CompactRequest request) {
    asked.add(request);
    double ratio = request.getKeyspace().equals("main") ? deadRatio : 0;
    boolean large = totalBytes >= request.getMinBytes();
    boolean dead = ratio > 0 && ratio >= request.getMinDeadRatio();
    boolean would = large && dead && ratio >= request.getMinSpaceSaving();
    return new Reply.Answer<>(
        PlanResponse.newBuilder()
            .setWouldCompact(would)
            .setReason(would ? "" : !large ? "FileTooSmall" : dead ? "LowYield" : "BelowThreshold")
            .setExpectedSpaceSaved((long) (ratio * totalBytes))
            .build());
  }

  @Override
  public Reply<List<CompactionEvent>> run(String address, String runId) {
    return silent
        ? new Reply.Silence<>(address + ": UNAVAILABLE")
        : new Reply.Answer<>(events.getOrDefault(runId, List.of()));
  }

  private KeyspaceStatus keyspace(String name, double ratio) {
    return KeyspaceStatus.newBuilder()
        .setName(name)
        .setTotalBytes(totalBytes)
        .setLiveBytes((long) ((1 - ratio) * totalBytes))
        .setDeadRatio(ratio)
        .setLastCompactionMs(lastCompactionMillis)
        .build();
  }
}
