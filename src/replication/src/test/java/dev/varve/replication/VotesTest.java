package dev.varve.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.varve.store.LogPosition;
import dev.varve.store.StoreOptions;
import dev.varve.store.StoreRuntime;
import dev.varve.store.simulation.Fault;
import dev.varve.store.simulation.Operation;
import dev.varve.store.simulation.SimulatedStorage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Whom a member follows. Its store stays closed, as while it copies an image: it votes all the
 * same.
 */
class VotesTest {
  private static final MemberId B = new MemberId("b", "2");
  private static final MemberId C = new MemberId("c", "3");

  private final Simulation simulation = new Simulation(7);
  private final SimulatedStorage storage = new SimulatedStorage();
  private final Simulation.Machine machine = simulation.new Machine("a");
  private LocalMember me = member();
  private RequestHandler handler = handler();

  private LocalMember member() {
    MemberRuntime runtime =
        new MemberRuntime(
            machine,
            machine,
            () -> new StoreRuntime(machine, machine, machine, simulation::nowMs, System::nanoTime),
            simulation::nowMs,
            new Random(7));
    SimulatedLease lease = new SimulatedLease(simulation, List.of());
    return new LocalMember(
        new MemberOptions(
            "a", "orders", 0, Map.of("a", "a:1", "b", "b:1", "c", "c:1"), Timing.defaults()),
        runtime,
        storage,
        new LocalStore(StoreOptions.defaults(), storage, runtime.store(), machine),
        (name, request) -> new CompletableFuture<>(),
        lease.storeOf(machine));
  }

  private RequestHandler handler() {
    return new RequestHandler(me, new FileSource(me.thread, me::store, me::term, new Random(1)));
  }

  @BeforeEach
  void begin() throws IOException {
    me.begin(
        new Directory.Opened(
            Identity.create(me.options, new Random(2), true),
            Terms.load(storage),
            PriorPosition.load(storage)));
    simulation.run(Duration.ofSeconds(2));
  }

  private Response.FenceAnswer fence(long term, MemberId candidate) {
    return assertInstanceOf(
        Response.FenceAnswer.class, handler.handle(new Request.Fence(0, term, candidate)).join());
  }

  private Response.PreVoteAnswer preVote(MemberId candidate) {
    return assertInstanceOf(
        Response.PreVoteAnswer.class,
        handler.handle(new Request.PreVote(0, 0, candidate, LogPosition.EMPTY)).join());
  }

  private Response.AppendAnswer heartbeat(long term, MemberId primary) {
    return assertInstanceOf(
        Response.AppendAnswer.class,
        handler
            .handle(new Request.Append(0, term, primary, LogPosition.EMPTY, List.of(), 0))
            .join());
  }

  /** Guard: {@code me.advance} before the fence is answered. */
  @Test
  void aGrantedFenceSurvivesACrash() throws IOException {
    assertTrue(fence(4, B).granted());
    assertEquals(new TermRecord(4, B), Terms.load(storage.crash(1)).record());
  }

  /**
   * Guard: {@code admits} in {@link RequestHandler}: a term that a Lease made anew hands out twice.
   */
  @Test
  void aTermHasOneHolder() {
    assertTrue(fence(4, B).granted());
    assertFalse(fence(4, C).granted());
    assertTrue(fence(4, B).granted());
    assertEquals(Response.AppendOutcome.REFUSED, heartbeat(4, C).outcome());
    assertFalse(fence(3, C).granted());
    assertTrue(fence(5, C).granted());
  }

  /** Guard: {@code promises.allowFence} in {@link RequestHandler}. */
  @Test
  void noFenceWhileAPromiseRuns() {
    heartbeat(4, B);
    assertFalse(fence(5, C).granted());
    assertEquals(4, me.term());
    simulation.run(Duration.ofMillis(1_400));
    assertFalse(fence(5, C).granted());
    simulation.run(Duration.ofMillis(200));
    assertTrue(fence(5, C).granted());
  }

  /** Guard: {@code promises.allowPreVote} in {@link RequestHandler}. */
  @Test
  void noPreVoteWhileAPrimaryIsHeard() {
    assertTrue(preVote(C).granted());
    heartbeat(4, B);
    assertFalse(preVote(C).granted());
    simulation.run(Duration.ofMillis(1_600));
    assertTrue(preVote(C).granted());
  }

  /** Guard: pre-votes change nothing. */
  @Test
  void aPreVoteAdoptsNoTerm() {
    CompletableFuture<Response> answered =
        handler.handle(new Request.PreVote(0, 99, C, LogPosition.EMPTY));
    assertTrue(answered.isDone());
    assertEquals(0, me.term());
    assertTrue(fence(4, B).granted());
  }

  /**
   * Guard: {@code admits}: a deposed primary's heartbeat binds nobody, and is told the higher term.
   */
  @Test
  void aLowerTermIsRefusedAndTold() {
    heartbeat(6, B);
    Response.AppendAnswer refused = heartbeat(5, C);
    assertEquals(Response.AppendOutcome.REFUSED, refused.outcome());
    assertEquals(6, refused.term());
  }

  /**
   * Guard: {@link LocalMember#mayHaveAcknowledged}: what was there before the copy began is
   * answered.
   */
  @Test
  void aMemberThatCopiesAnImageVotesWithThePositionItHad() throws IOException {
    me.prior().remember(new LogPosition(3, 70));
    Response.FenceAnswer answer = fence(4, B);
    assertTrue(answer.granted());
    assertEquals(new LogPosition(3, 70), answer.last());
    assertFalse(answer.source());
  }

  private Response.TakeOverAnswer release(long term, MemberId primary) {
    return assertInstanceOf(
        Response.TakeOverAnswer.class,
        handler.handle(new Request.Release(0, term, primary, C)).join());
  }

  @Test
  void aReleaseEndsThePromise() {
    heartbeat(4, B);
    assertFalse(fence(5, C).granted());
    assertTrue(release(4, B).willing());
    assertTrue(fence(5, C).granted());
  }

  /** Guard: {@code isOf} in {@link RequestHandler}: a promise to somebody else is not touched. */
  @Test
  void aReleaseOfAnotherTermOrHolderEndsNothing() {
    heartbeat(4, B);
    assertFalse(release(4, C).willing());
    assertFalse(release(3, B).willing());
    assertFalse(release(5, B).willing());
    assertFalse(fence(5, C).granted());
  }

  /**
   * Guard: {@code isReleased} in {@link RequestHandler}: what the primary sent before the release
   * comes after it.
   */
  @Test
  void aLateHeartbeatRenewsNoReleasedPromise() {
    heartbeat(4, B);
    release(4, B);
    assertEquals(Response.AppendOutcome.REFUSED, heartbeat(4, B).outcome());
    assertTrue(fence(5, C).granted());
    assertNotEquals(Response.AppendOutcome.REFUSED, heartbeat(5, C).outcome());
  }

  /** Guard: {@code heardNanos} in {@link Promises#release}: nobody gets in the successor's way. */
  @Test
  void aReleaseLeavesTheSuccessorTheTime() {
    heartbeat(4, B);
    simulation.run(Duration.ofMillis(1_400));
    release(4, B);
    simulation.run(Duration.ofMillis(1_400));
    release(4, B);
    assertFalse(preVote(C).granted());
    simulation.run(Duration.ofMillis(200));
    assertTrue(preVote(C).granted());
  }

  /** Its store is closed, as while it copies an image. */
  @Test
  void whoCannotLeadSaysSoBeforeAnythingIsReleased() {
    heartbeat(4, B);
    Response.TakeOverAnswer answer =
        assertInstanceOf(
            Response.TakeOverAnswer.class,
            handler.handle(new Request.PrepareTakeOver(0, 4, B)).join());
    assertFalse(answer.willing());
    assertEquals("copies from another member", answer.reason());
    assertFalse(fence(5, C).granted());
  }

  @Test
  void anotherShardsMessagesAreRefused() {
    assertInstanceOf(Response.Refused.class, handler.handle(new Request.Fence(1, 4, B)).join());
    assertEquals(0, me.term());
  }

  /** Guard: a failed write of the term stops the member; nothing is granted on it. */
  @Test
  void aTermThatCannotBePersistedIsNotGranted() {
    storage.failWhen(operation -> operation.kind() == Operation.Kind.SYNC, Fault.FAILED_SYNC);
    assertFalse(fence(4, B).granted());
    assertInstanceOf(Stopped.class, me.role());
    assertInstanceOf(Response.Refused.class, handler.handle(new Request.Fence(0, 4, B)).join());
  }
}
