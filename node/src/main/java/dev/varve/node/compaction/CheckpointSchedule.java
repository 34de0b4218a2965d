package dev.varve.node.compaction;

import dev.varve.replication.Member;
import dev.varve.replication.MemberRole;
import dev.varve.replication.MemberStatus;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** A checkpoint on the primary in each interval, so that retired segments go. */
public final class CheckpointSchedule {
  private static final Logger LOG = Logger.getLogger(CheckpointSchedule.class);

  private final Member member;

  private CheckpointSchedule(Member member) {
    this.member = member;
  }

  /** Starts it on {@code timer}; it ends with the timer. */
  public static void start(Member member, Duration interval, ScheduledExecutorService timer) {
    CheckpointSchedule schedule = new CheckpointSchedule(member);
    long ms = interval.toMillis();
    var _ = timer.scheduleWithFixedDelay(schedule::checkpoint, ms, ms, TimeUnit.MILLISECONDS);
  }

  private void checkpoint() {
    MemberStatus status = member.status();
    if (status.role() != MemberRole.PRIMARY || !status.serving()) {
      return;
    }
    var _ =
        member
            .checkpoint()
            .whenComplete(
                (result, failure) -> {
                  if (failure != null) {
                    LOG.warnf("checkpoint failed, the next is due in one interval: %s", failure);
                  } else if (result.segmentsDeleted() > 0) {
                    LOG.infof(
                        "checkpoint at sequence %d: %d segments of %d bytes deleted",
                        result.sequence(), result.segmentsDeleted(), result.bytesDeleted());
                  }
                });
  }
}
