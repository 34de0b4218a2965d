package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.varve.history.Change;
import dev.varve.history.History;
import dev.varve.history.HistoryCheck;
import dev.varve.history.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Clients that write, delete and read the same few keys until closed: some under a condition, some
 * two keys at once, some with a request's id. All of it is recorded and judged in the end.
 */
final class RecordedLoad implements AutoCloseable {
  private static final int KEYS = 100;
  private static final Duration THINK_TIME = Duration.ofMillis(8);

  /** So many more of each are progress. */
  private static final int PROGRESS = 50;

  private final String prefix;
  private final List<Cluster.HostAndPort> members;
  private final SplittableRandom random;
  private final History history = new History();
  private final List<Thread> threads = new ArrayList<>();
  private final Queue<String> faults = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicLong> refusals = new ConcurrentHashMap<>();
  private volatile boolean stopping;

  /**
   * @param prefix of the keys and the clients' names; no other load has it
   */
  RecordedLoad(String prefix, List<Cluster.HostAndPort> members, SplittableRandom random) {
    this.prefix = prefix;
    this.members = members;
    this.random = random;
  }

  void start(int clients) {
    for (int i = 0; i < clients; i++) {
      String name = prefix + "c" + i;
      SplittableRandom own = random.split();
      threads.add(Thread.ofPlatform().name(name).start(() -> run(name, own)));
    }
  }

  private void run(String name, SplittableRandom own) {
    try (RecordedClient client = client(name, own)) {
      while (!stopping) {
        step(client, own);
        Pause.of(THINK_TIME);
      }
    } catch (RuntimeException e) {
      faults.add(name + ": " + e);
    }
  }

  private RecordedClient client(String name, SplittableRandom own) {
    return new RecordedClient(name, members, history, own, refusal -> refused(name, refusal));
  }

  private void refused(String name, Refusal refusal) {
    String what = refusal.reason().isEmpty() ? refusal.status().getCode().name() : refusal.reason();
    refusals.computeIfAbsent(what, _ -> new AtomicLong()).incrementAndGet();
    if (refusal.isDefect()) {
      faults.add(name + ": " + refusal);
    }
  }

  private void step(RecordedClient client, SplittableRandom own) {
    if (own.nextInt(16) == 0) {
      client.turnTo(own.nextInt(members.size())); // perhaps one that was primary until now
    }
    String key = key(own);
    int choice = own.nextInt(100);
    if (client.isLost() || choice < 45) {
      client.get(key);
    } else if (choice < 55) {
      client.put(key);
    } else if (choice < 60) {
      client.delete(key);
    } else if (choice < 80) {
      client.write(List.of(changed(client, key, own).ifSequence(client.version(key))));
    } else if (choice < 90) {
      client.write(List.of(changed(client, key, own)));
    } else {
      String other = key(own);
      Change first = Change.put(key, client.nextValue());
      client.write(
          other.equals(key) ? List.of(first) : List.of(first, changed(client, other, own)));
    }
  }

  private static Change changed(RecordedClient client, String key, SplittableRandom own) {
    return own.nextInt(4) == 0 ? Change.delete(key) : Change.put(key, client.nextValue());
  }

  private String key(SplittableRandom own) {
    return prefix + Math.min(own.nextInt(KEYS), own.nextInt(KEYS)); // some more often than others
  }

  /** Returns when reads and writes were answered that were not yet when this was called. */
  void awaitProgress(String when, long deadlineSeconds) {
    int reads = history.reads();
    int writes = history.acknowledgedWrites();
    Await.until(
        "reads and writes go on " + when,
        deadlineSeconds,
        () -> {
          assertThat(faults).isEmpty();
          assertThat(history.reads()).as("reads").isGreaterThan(reads + PROGRESS);
          assertThat(history.acknowledgedWrites()).as("writes").isGreaterThan(writes + PROGRESS);
        });
  }

  /** How often calls failed, by reason or gRPC's code. */
  Map<String, AtomicLong> refusals() {
    return new TreeMap<>(refusals);
  }

  /** How often calls failed for this reason. */
  long refusals(String reason) {
    AtomicLong count = refusals.get(reason);
    return count == null ? 0 : count.get();
  }

  /** Lets every client finish what it is at, and returns when all have ended. */
  @Override
  public void close() {
    stopping = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while the load ends", e);
      }
    }
  }

  /**
   * After {@link #close}: reads every key, and fails unless one order of all that was done explains
   * every answer. What was acknowledged and is gone shows here, as does what was refused and is
   * there.
   */
  void assertLinearizable() {
    try (RecordedClient client = client(prefix + "last", random.split())) {
      for (int i = 0; i < KEYS; i++) {
        String key = prefix + i;
        Await.until(key + " can be read", 60, () -> assertThat(client.get(key)).isTrue());
      }
    }
    assertThat(faults).isEmpty();
    Verdict verdict = HistoryCheck.check(history);
    System.out.printf(
        "%d writes and %d reads on %d keys; calls that failed: %s; %s, %d states%n",
        history.acknowledgedWrites(),
        history.reads(),
        KEYS,
        refusals(),
        verdict.kind(),
        verdict.states());
    assertThat(verdict.kind()).as(verdict.explanation()).isEqualTo(Verdict.Kind.LINEARIZABLE);
  }
}
