package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.client.FakeCluster;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WatchCommandTest {
  private FakeCluster cluster = new FakeCluster();

  @BeforeEach
  void start() throws IOException {
    cluster = FakeCluster.start(2);
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  /** With the endpoint of a replica, so that every command has to find the primary. */
  private String[] args(String... args) {
    return Stream.concat(
            Arrays.stream(args),
            Stream.of("--endpoint", cluster.nodes().get(1).address().toString()))
        .toArray(String[]::new);
  }

  private CommandRun varve(String... args) {
    return CommandRun.of(args(args));
  }

  private static void await(CommandRun run, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> run.out() + run.err());
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
  }

  @Test
  void printsChangesForPeople() {
    varve("put", "a1", "x\ty");
    varve("put", "other", "1");
    varve("put", "o", "1", "--keyspace", "objects");
    varve("delete", "a1");
    CommandRun run = varve("watch", "--after", "0", "--prefix", "a", "--limit", "2");
    assertEquals(0, run.code(), run.err());
    assertEquals("1\tput\ta1\tx\\ty\n4\tdelete\ta1\n", run.out());
    assertEquals(
        "3\tput\to\t1\n",
        varve("watch", "--after", "0", "--keyspace", "objects", "--limit", "1").out());
  }

  @Test
  void printsChangesForPrograms() {
    varve("put", "a", "1");
    varve("delete", "a");
    assertEquals(
        List.of(
            "{\"key\":\"a\",\"value\":\"1\",\"shard\":0,\"sequence\":1}",
            "{\"key\":\"a\",\"deleted\":true,\"shard\":0,\"sequence\":2}"),
        varve("watch", "--after", "0", "--limit", "2", "--output", "json").outLines());
  }

  @Test
  void beginsNowAndEndsByASignalWith130() {
    varve("put", "before", "1");
    CommandRun run = CommandRun.start(Map.of(), args("watch"));
    await(run, () -> run.err().contains("watching shard 0 after sequence 1"));
    varve("put", "after", "2");
    await(run, () -> !run.out().isEmpty());
    run.cancel();
    assertEquals(130, run.await().code());
    assertEquals("2\tput\tafter\t2\n", run.out());
    assertTrue(run.err().endsWith("varve: cancelled\n"), run.err());
    await(run, () -> cluster.watches() == 0);
  }

  @Test
  void goesOnWithTheNextPrimary() {
    CommandRun run = CommandRun.start(Map.of(), args("watch", "--after", "0", "--limit", "3"));
    varve("put", "a", "1");
    await(run, () -> run.outLines().size() == 1);
    cluster.moveTo(1);
    varve("put", "b", "2");
    await(run, () -> run.outLines().size() == 2);
    cluster.moveTo(0);
    varve("put", "c", "3");
    assertEquals(0, run.await().code(), run.err());
    assertEquals("1\tput\ta\t1\n2\tput\tb\t2\n3\tput\tc\t3\n", run.out());
  }

  @Test
  void saysFromWhereAWatchCanBegin() {
    varve("put", "a", "1");
    varve("put", "a", "2");
    cluster.forgetUpTo(2);
    CommandRun run = varve("watch", "--after", "1");
    assertEquals(1, run.code());
    assertTrue(run.err().contains("SEQUENCE_TOO_OLD"), run.err());
    assertTrue(run.err().contains("--after 2"), run.err());
  }

  @Test
  void badUsageIsTwo() {
    assertEquals(2, varve("watch", "--limit", "-1").code());
    assertEquals(2, varve("watch", "--after", "-1").code());
    assertEquals(2, varve("watch", "--after", "x").code());
    CommandRun run = varve("watch", "--keyspace", "nope");
    assertEquals(2, run.code());
    assertTrue(run.err().contains("UNKNOWN_KEYSPACE"), run.err());
  }

  @Test
  void aStoreWithoutAPrimaryIsNotWaitedForWithoutEnd() {
    cluster.vacate();
    CommandRun run = varve("watch", "--request-timeout", "500ms");
    assertEquals(5, run.code(), run.err());
    cluster.close();
    assertEquals(1, varve("watch", "--request-timeout", "500ms").code());
  }
}
