package dev.varve.replication;

import dev.varve.store.RequestForgottenException;
import dev.varve.store.RequestId;
import dev.varve.store.Store;
import dev.varve.store.Versioned;
import dev.varve.store.WriteBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One client, alone with its key, in a quarter of the seeds: it sends each write with a request's
 * id until it is acknowledged, to whichever member leads by then, and now and then one that was
 * acknowledged long ago once more. It draws from a stream of its own.
 *
 * <p>Each is applied once: whoever acknowledges it names the same sequence, and no value comes
 * back.
 */
final class Retries {
  private static final long STREAM = 0x9E3779B97F4A7C15L;
  private static final byte[] KEY = "retried".getBytes(StandardCharsets.UTF_8);
  private static final Duration PATIENCE = Duration.ofMillis(700);

  private final SimulatedCluster cluster;
  private final SplittableRandom random;
  private final boolean active;
  private final byte[] clientId = new byte[16];
  private final List<Request> requests = new ArrayList<>();
  private int sentAgain;
  private int refused;
  private boolean over;

  /** A write, and under which sequence it was acknowledged; 0: not yet. */
  private static final class Request {
    final RequestId id;
    long sequence;

    Request(RequestId id) {
      this.id = id;
    }
  }

  Retries(SimulatedCluster cluster, long seed) {
    this.cluster = cluster;
    this.random = new SplittableRandom(seed ^ STREAM);
    this.active = random.nextInt(4) == 0;
    random.nextBytes(clientId);
  }

  void start() {
    if (active) {
      next();
    }
  }

  void stop() {
    over = true;
  }

  /** How many writes were acknowledged after they had been sent more than once. */
  int sentAgain() {
    return sentAgain;
  }

  /** How many late repetitions were refused, as perhaps forgotten. */
  int refused() {
    return refused;
  }

  private void next() {
    cluster.simulation.after(
        Duration.ofMillis(random.nextLong(1, 40)),
        () -> {
          if (over) {
            return;
          }
          ReplicatedMember primary = cluster.servingPrimary();
          if (primary == null || !primary.remembersRequests()) {
            next();
          } else if (!requests.isEmpty() && random.nextInt(8) == 0) {
            repeat(primary, requests.get(random.nextInt(requests.size())));
            next();
          } else {
            long id = requests.size() + 1L;
            Request request =
                new Request(new RequestId(clientId, id, primary.status().committedSequence()));
            requests.add(request);
            send(request, 1);
          }
        });
  }

  private void send(Request request, int attempt) {
    ReplicatedMember primary = cluster.servingPrimary();
    if (primary != null) {
      attempt(primary, request);
      if (random.nextInt(4) == 0) { // while the first is on its way
        cluster.simulation.after(
            Duration.ofMillis(random.nextLong(5)), () -> attempt(primary, request));
      }
    }
    cluster.simulation.after(
        attempt == 1 && random.nextInt(3) > 0 ? Duration.ofMillis(60) : PATIENCE,
        () -> {
          if (request.sequence > 0) {
            sentAgain += attempt > 1 ? 1 : 0;
            checkValue(request);
            next();
          } else if (!over) {
            send(request, attempt + 1);
          }
        });
  }

  /** What it is answered with, whenever that comes. */
  private void attempt(ReplicatedMember primary, Request request) {
    CompletableFuture<Written> _ =
        primary
            .write(batch(request))
            .whenComplete((written, failure) -> answered(request, written, failure));
  }

  private void answered(Request request, @Nullable Written written, @Nullable Throwable failure) {
    cluster.simulation.after(
        Duration.ZERO,
        () -> {
          if (written != null) {
            acknowledged(request, written.sequence());
          } else if (failure != null
              && MemberThread.causeOf(failure) instanceof RequestForgottenException) {
            throw new AssertionError(request.id + " was refused, though it is the newest", failure);
          }
        });
  }

  private void repeat(ReplicatedMember primary, Request old) {
    CompletableFuture<Written> _ =
        primary
            .write(batch(old))
            .whenComplete(
                (written, failure) ->
                    cluster.simulation.after(
                        Duration.ZERO,
                        () -> {
                          if (written != null) {
                            acknowledged(old, written.sequence());
                          } else if (failure != null
                              && MemberThread.causeOf(failure)
                                  instanceof RequestForgottenException) {
                            refused++;
                          }
                        }));
  }

  private void acknowledged(Request request, long sequence) {
    if (request.sequence != 0 && request.sequence != sequence) {
      throw new AssertionError(
          "request %d was acknowledged as sequence %d and as %d"
              .formatted(request.id.id(), request.sequence, sequence));
    }
    request.sequence = sequence;
  }

  private WriteBatch batch(Request request) {
    byte[] value = ByteBuffer.allocate(Long.BYTES).putLong(request.id.id()).array();
    return new WriteBatch().put(SimulatedCluster.KEYSPACE, KEY, value).once(request.id);
  }

  /** Nobody else writes the key, and nothing else is under way. */
  private void checkValue(Request last) {
    ReplicatedMember primary = cluster.servingPrimary();
    Store store = primary == null || !primary.readsAreFresh() ? null : primary.store();
    if (store == null) {
      return;
    }
    try {
      Versioned found = store.get(SimulatedCluster.KEYSPACE, KEY);
      if (found == null || found.sequence() != last.sequence) {
        throw new AssertionError(
            "the newest write of the key is request %d of sequence %d, but found is %s"
                .formatted(
                    last.id.id(),
                    last.sequence,
                    found == null
                        ? "nothing"
                        : "request "
                            + ByteBuffer.wrap(found.value()).getLong()
                            + " of sequence "
                            + found.sequence()));
      }
    } catch (IOException e) {
      return; // it is being closed
    }
  }
}
