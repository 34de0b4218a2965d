package dev.varve.node.compaction;

import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.QuorumUnavailableException;
import dev.varve.store.RetentionDecision;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Has the primary decide once in each interval what the limits of its keyspaces hide. The store
 * logs what it hid; a failure is made good by the next decision.
 */
public final class RetentionSchedule implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(RetentionSchedule.class);

  private final Member member;
  private final MeterRegistry registry;
  // Of its own: a decision may read many hints.
  private final ScheduledExecutorService executor =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("retention").factory());

  public RetentionSchedule(Member member, MeterRegistry registry) {
    this.member = member;
    this.registry = registry;
  }

  /** Decides for the first time after one interval. */
  public void start(Duration interval) {
    long ms = interval.toMillis();
    var _ = executor.scheduleWithFixedDelay(this::decide, ms, ms, TimeUnit.MILLISECONDS);
  }

  private void decide() {
    MemberStatus status = member.status();
    if (status.role() != MemberRole.PRIMARY || !status.serving()) {
      return;
    }
    try {
      for (RetentionDecision decision : member.retain()) {
        Counter.builder("varve.retention.hidden.bytes")
            .description("Bytes of records that retention hid, by keyspace and limit")
            .tag("keyspace", decision.keyspace())
            .tag("reason", decision.reason())
            .register(registry)
            .increment((double) decision.bytesHidden());
      }
    } catch (NotPrimaryException | QuorumUnavailableException e) {
      LOG.infof("retention left to the next primary: %s", e.getMessage());
    } catch (IOException | RuntimeException e) {
      // Thrown on, it would be the last decision.
      LOG.error("retention failed; it is tried again in one interval", e);
    }
  }

  /** No further decision. */
  @Override
  public void close() {
    executor.shutdown();
  }
}
