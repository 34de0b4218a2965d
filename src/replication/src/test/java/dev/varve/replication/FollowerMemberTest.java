package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.CompactionRequest;
import dev.varve.store.KeyspaceOptions;
import dev.varve.store.Store;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.Versioned;
import dev.varve.store.WriteBatch;
import dev.varve.store.compaction.CancelToken;
import dev.varve.store.compaction.CompactionOptions;
import dev.varve.store.manifest.KeyspaceType;
import dev.varve.store.simulation.SimulatedStorage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A member alone, and one without a vote that copies from it, on real threads. */
class FollowerMemberTest {
  private static final long DEADLINE_NANOS = 30_000_000_000L;

  private final ThreadScheduler scheduler = new ThreadScheduler();
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private final MemberRuntime runtime =
      new MemberRuntime(
          scheduler,
          blocking,
          () -> StoreRuntime.threads("store"),
          System::currentTimeMillis,
          new Random(3));
  private final StoreOptions options =
      StoreOptions.defaults()
          .withKeyspaces(List.of(new KeyspaceOptions("main", KeyspaceType.KEY_VALUE, 16 << 10)))
          .withWindowBytesMax(16 << 10);

  @AfterEach
  void end() {
    scheduler.close();
    blocking.shutdown();
  }

  private static MemberOptions named(String name) {
    return new MemberOptions(
        name, "orders", 0, Map.of(name, name + ":1", "primary", "alone:1"), Timing.defaults());
  }

  private static void write(Member member, int from, int to) {
    for (int i = from; i < to; i++) {
      member
          .write(
              new WriteBatch().put("main", bytes("key-" + i % 40), bytes("value ".repeat(50) + i)))
          .join();
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void await(BooleanSupplier condition, Member member) throws InterruptedException {
    long end = System.nanoTime() + DEADLINE_NANOS;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, () -> "waited in vain: " + member.status());
      Thread.sleep(5);
    }
  }

  private static boolean level(Member follower, Member source) {
    return follower.status().caughtUp()
        && follower.status().committedSequence() == source.status().committedSequence();
  }

  @Test
  void copiesFilesThenFollowsAndAdoptsCompactions() throws Exception {
    SimulatedStorage disk = new SimulatedStorage();
    try (StandaloneMember alone =
        StandaloneMember.start(named("alone"), runtime, options, new SimulatedStorage())) {
      // More than the window holds: the follower must copy files first.
      write(alone, 0, 300);
      try (FollowerMember follower =
          FollowerMember.start(
              named("follower"),
              runtime,
              options,
              disk,
              (name, request) -> alone.handle(request))) {
        await(() -> level(follower, alone), follower);
        write(alone, 300, 400);
        alone.compact(
            0,
            new CompactionRequest("run", CompactionOptions.defaults("main").forced(), true, 0),
            event -> {},
            CancelToken.unbounded());
        write(alone, 400, 420);
        await(
            () -> {
              Store store = follower.store();
              return level(follower, alone) && store != null && store.log().adoptionBacklog() == 0;
            },
            follower);
        Store store = follower.store();
        assertNotNull(store);
        for (int i = 0; i < 40; i++) {
          Versioned expected = alone.store().get("main", bytes("key-" + i));
          Versioned copied = store.get("main", bytes("key-" + i));
          assertNotNull(expected);
          assertNotNull(copied);
          assertEquals(expected.sequence(), copied.sequence());
        }
        CompletionException refused =
            assertThrows(
                CompletionException.class,
                () -> follower.write(new WriteBatch().delete("main", bytes("key-1"))).join());
        assertInstanceOf(NotPrimaryException.class, refused.getCause());
        assertThrows(
            NotPrimaryException.class,
            () ->
                follower.compact(
                    0,
                    new CompactionRequest("run", CompactionOptions.defaults("main"), false, 0),
                    event -> {},
                    CancelToken.unbounded()));
      }
    }
  }

  @Test
  void leadsTheNextTermEachTimeItStarts() throws Exception {
    SimulatedStorage disk = new SimulatedStorage();
    for (int term = 1; term <= 3; term++) {
      try (StandaloneMember alone =
          StandaloneMember.start(named("alone"), runtime, options, disk)) {
        assertEquals(term, alone.status().term());
        write(alone, 0, 10);
        assertThrows(
            StaleTermException.class,
            () ->
                alone.compact(
                    99,
                    new CompactionRequest("run", CompactionOptions.defaults("main"), false, 0),
                    event -> {},
                    CancelToken.unbounded()));
      }
    }
  }
}
