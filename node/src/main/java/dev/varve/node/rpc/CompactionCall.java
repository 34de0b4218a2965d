package dev.varve.node.rpc;

import dev.varve.node.compaction.CompactionRuns;
import dev.varve.protocol.v1.CompactionEvent;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.StaleTermException;
import dev.varve.store.CompactionBusyException;
import dev.varve.store.CompactionRequest;
import dev.varve.store.Store;
import dev.varve.store.StoreClosedException;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionCancelledException;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.storage.DiskFullException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * One request to compact some keyspaces, one after the other. Each ends in exactly one SKIPPED,
 * COMPLETED or FAILED; whatever goes wrong with one leaves it as it was.
 */
final class CompactionCall {
  private static final Logger LOG = Logger.getLogger(CompactionCall.class);
  private static final long PROGRESS_NANOS = Duration.ofMillis(500).toNanos();

  private final CompactionRuns runs;
  private final int shard;
  private final long expectedTerm;
  private final CancelToken cancel;
  private final Consumer<CompactionEvent> sink;
  private boolean started;
  private long lastProgressNanos = System.nanoTime() - PROGRESS_NANOS;

  /**
   * @param expectedTerm 0: any
   * @param sink gets each event, on the thread that runs
   */
  public CompactionCall(
      CompactionRuns runs,
      int shard,
      long expectedTerm,
      CancelToken cancel,
      Consumer<CompactionEvent> sink) {
    this.runs = runs;
    this.shard = shard;
    this.expectedTerm = expectedTerm;
    this.cancel = cancel;
    this.sink = sink;
  }

  /**
   * Runs on the caller's thread until every keyspace has its end.
   *
   * @throws NotPrimaryException if the member was not the primary before anything started
   * @throws StaleTermException if it served in another term before anything started
   */
  public void run(Store store, List<CompactionRequest> requests)
      throws NotPrimaryException, StaleTermException {
    for (CompactionRequest request : requests) {
      String keyspace = request.options().keyspace();
      Optional<dev.varve.store.CompactionEvent> before =
          runs.outcome(store, request.runId(), keyspace);
      if (before.isPresent()) {
        started = true;
        sink.accept(CompactionMessages.message(before.get(), shard));
      } else {
        run(request);
      }
    }
  }

  private void run(CompactionRequest request) throws NotPrimaryException, StaleTermException {
    long beganNanos = System.nanoTime();
    CompactionEvent end;
    try {
      end =
          CompactionMessages.message(
              runs.run(expectedTerm, request, this::progressed, cancel), shard);
    } catch (NotPrimaryException e) {
      if (!started) {
        throw e;
      }
      end = ended(request, CompactionEvent.Type.FAILED, "NotPrimary", e, beganNanos);
    } catch (StaleTermException e) {
      if (!started) {
        throw e;
      }
      end = ended(request, CompactionEvent.Type.FAILED, "StaleTerm", e, beganNanos);
    } catch (CompactionBusyException e) {
      end = ended(request, CompactionEvent.Type.SKIPPED, "Busy", e, beganNanos);
    } catch (CompactionCancelledException e) {
      end = ended(request, CompactionEvent.Type.FAILED, e.reason(), e, beganNanos);
    } catch (StoreClosedException e) {
      end = ended(request, CompactionEvent.Type.FAILED, "ShuttingDown", e, beganNanos);
    } catch (DiskFullException e) {
      end = ended(request, CompactionEvent.Type.FAILED, "DiskFull", e, beganNanos);
    } catch (CorruptionException | CorruptRecordException e) {
      end = ended(request, CompactionEvent.Type.FAILED, "Corruption", e, beganNanos);
    } catch (IOException e) {
      end = ended(request, CompactionEvent.Type.FAILED, "IoError", e, beganNanos);
    }
    started = true;
    sink.accept(end);
  }

  private void progressed(dev.varve.store.CompactionEvent event) {
    if (event.type().ends()) {
      // Comes as the run's result, once.
      return;
    }
    if (event.type() == dev.varve.store.CompactionEvent.Type.PROGRESS) {
      long now = System.nanoTime();
      if (now - lastProgressNanos < PROGRESS_NANOS) {
        return;
      }
      lastProgressNanos = now;
    }
    started = true;
    sink.accept(CompactionMessages.message(event, shard));
  }

  private CompactionEvent ended(
      CompactionRequest request,
      CompactionEvent.Type type,
      String reason,
      Exception cause,
      long beganNanos) {
    String keyspace = request.options().keyspace();
    LOG.infof(
        "compaction %s of %s: %s %s: %s",
        request.runId(), keyspace, type, reason, cause.getMessage());
    return CompactionEvent.newBuilder()
        .setType(type)
        .setRunId(request.runId())
        .setKeyspace(keyspace)
        .setTimeMs(System.currentTimeMillis())
        .setDurationMs(Duration.ofNanos(System.nanoTime() - beganNanos).toMillis())
        .setErrors(type == CompactionEvent.Type.FAILED ? 1 : 0)
        .setReason(reason)
        .setMessage(Errors.describe(cause).message())
        .setTerm(expectedTerm)
        .setShard(shard)
        .setStrategy(CompactionMessages.strategy(request.options().strategy()))
        .build();
  }
}
