package dev.varve.operator.member;

import dev.varve.protocol.v1.CompactRequest;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.protocol.v1.PlanResponse;
import dev.varve.protocol.v1.StatusResponse;
import java.util.List;

/**
 * The calls that the operator makes to members. Each returns within a few seconds and never throws.
 */
public interface Members {

  /** What the member at {@code address} says of itself. */
  Reply<StatusResponse> status(String address);

  /** What a compaction of one keyspace would do, and why not. */
  Reply<PlanResponse> plan(String address, CompactRequest request);

  /**
   * Every event that the member remembers of one run, oldest first; empty when it knows of none.
   */
  Reply<List<CompactionEvent>> run(String address, String runId);
}
