package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.LogPosition;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PeersTest {
  private static final MemberId SELF = new MemberId("a", "1");
  private static final Request REQUEST = new Request.PreVote(0, 4, SELF, new LogPosition(3, 10));
  private static final Response ANSWER = new Response.Refused(7, "no vote");
  private static final Duration LIMIT = Duration.ofSeconds(1);

  private final HandScheduler scheduler = new HandScheduler();
  private final List<Throwable> bugs = new ArrayList<>();
  private final List<Long> terms = new ArrayList<>();
  private final MemberThread thread = new MemberThread(scheduler, Runnable::run, bugs::add);

  /** Guard: the catch in {@code Peers.hand}; what throws there stops the whole member. */
  @Test
  void aTransportThatThrowsForOneMemberFailsThatSendAlone() {
    var broken = new IllegalStateException("cannot encode for b");
    Peers peers =
        new Peers(
            thread,
            (name, request) -> {
              if (name.equals("b")) {
                throw broken;
              }
              return CompletableFuture.completedFuture(ANSWER);
            },
            List.of("b", "c"),
            terms::add);
    var sent = new ArrayList<CompletableFuture<Response>>();
    thread.run(() -> peers.names().forEach(name -> sent.add(peers.send(name, REQUEST, LIMIT))));
    scheduler.runAll();

    assertEquals(List.of(), bugs);
    assertSame(broken, failure(sent.getFirst()));
    assertSame(ANSWER, sent.getLast().join());
    assertEquals(List.of(7L), terms);
    assertEquals(0, scheduler.timers(), "no timer is left behind");
  }

  @Test
  void whoDoesNotAnswerInTimeHasFailed() {
    Peers peers = new Peers(thread, (_, _) -> new CompletableFuture<>(), List.of("b"), terms::add);
    CompletableFuture<Response> answer = peers.send("b", REQUEST, LIMIT);
    scheduler.runAll();
    assertFalse(answer.isDone());
    scheduler.fireTimers();
    assertInstanceOf(TimeoutException.class, failure(answer));
  }

  private static @Nullable Throwable failure(CompletableFuture<Response> answer) {
    assertTrue(answer.isCompletedExceptionally());
    try {
      answer.get();
      return null;
    } catch (ExecutionException e) {
      return e.getCause();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Runs what it is given when it is told to. */
  private static final class HandScheduler implements Scheduler {
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final List<Runnable> timers = new ArrayList<>();

    @Override
    public void execute(Runnable task) {
      tasks.add(task);
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
      timers.add(task);
      return () -> timers.remove(task);
    }

    @Override
    public long nowNanos() {
      return 0;
    }

    int timers() {
      return timers.size();
    }

    void runAll() {
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
    }

    void fireTimers() {
      List.copyOf(timers).forEach(Runnable::run);
    }
  }
}
