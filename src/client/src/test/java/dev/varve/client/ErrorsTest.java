package dev.varve.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.rpc.Code;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorsTest {
  @ParameterizedTest
  @CsvSource({
    "FAILED_PRECONDITION, NOT_PRIMARY, NotPrimaryException",
    "FAILED_PRECONDITION, WRONG_SHARD, RefusedException",
    "ABORTED, STALE_TERM, OutcomeUnknownException",
    "UNAVAILABLE, QUORUM_UNAVAILABLE, OutcomeUnknownException",
    "RESOURCE_EXHAUSTED, STORE_FULL, StoreFullException",
    "INVALID_ARGUMENT, KEY_EMPTY, InvalidRequestException",
    "INVALID_ARGUMENT, KEY_TOO_LARGE, InvalidRequestException",
    "INVALID_ARGUMENT, VALUE_TOO_LARGE, InvalidRequestException",
    "INVALID_ARGUMENT, BATCH_TOO_LARGE, InvalidRequestException",
    "INVALID_ARGUMENT, UNKNOWN_KEYSPACE, InvalidRequestException",
    "ABORTED, VERSION_MISMATCH, VersionMismatchException",
    "OUT_OF_RANGE, SEQUENCE_TOO_OLD, SequenceTooOldException",
    "ABORTED, SNAPSHOT_LOST, SnapshotLostException",
    "DATA_LOSS, CORRUPTION, CorruptionException",
    "UNAVAILABLE, SHUTTING_DOWN, UnavailableException",
    "UNAVAILABLE, REPLICA_BEHIND, UnavailableException",
    "ABORTED, SOMETHING_NEW, RefusedException",
  })
  void everyReasonOfTheProtocolHasItsException(Code code, String reason, String exception) {
    VarveException mapped = Errors.of(FakeCluster.error(code, reason, "why"), CallKind.WRITE, true);
    assertEquals(exception, mapped.getClass().getSimpleName());
    assertEquals(reason + ": why", mapped.getMessage());
  }

  @Test
  void anOperationOfAStaleTermIsRefusedNotUnknown() {
    StatusRuntimeException stale = FakeCluster.error(Code.ABORTED, "STALE_TERM", "term is 9");
    assertEquals(StaleTermException.class, Errors.of(stale, CallKind.OPERATION, true).getClass());
  }

  @Test
  void theServersWordOnTheOutcomeWins() {
    StatusRuntimeException unknown =
        FakeCluster.error(Code.UNAVAILABLE, "SHUTTING_DOWN", "in flight", "outcome", "unknown");
    assertEquals(
        OutcomeUnknownException.class, Errors.of(unknown, CallKind.WRITE, true).getClass());
    StatusRuntimeException notApplied =
        FakeCluster.error(Code.UNAVAILABLE, "QUORUM_UNAVAILABLE", "x", "outcome", "not_applied");
    assertEquals(
        UnavailableException.class, Errors.of(notApplied, CallKind.WRITE, true).getClass());
  }

  @ParameterizedTest
  @EnumSource(
      value = Status.Code.class,
      names = {"OK"},
      mode = EnumSource.Mode.EXCLUDE)
  void everyStatusWithoutDetailsIsMappedAndNoReadIsOfUnknownOutcome(Status.Code code) {
    StatusRuntimeException failure = code.toStatus().withDescription("d").asRuntimeException();
    VarveException read = Errors.of(failure, CallKind.READ, true);
    assertEquals(false, read instanceof OutcomeUnknownException);
    assertEquals(code + ": d", read.getMessage());
  }

  @Test
  void anotherDomainsDetailsAreNotOurs() {
    VarveException mapped =
        Errors.of(Status.UNAVAILABLE.asRuntimeException(), CallKind.WRITE, false);
    assertEquals(Reason.UNREACHABLE, mapped.reason());
    assertEquals(UnavailableException.class, mapped.getClass());
  }

  @Test
  void theRefusalNamesThePrimary() {
    NotPrimaryException refusal =
        (NotPrimaryException)
            Errors.of(
                FakeCluster.error(
                    Code.FAILED_PRECONDITION,
                    "NOT_PRIMARY",
                    "r",
                    "primary",
                    "orders-0-1.orders-members.shop.svc:9090",
                    "term",
                    "7"),
                CallKind.WRITE,
                true);
    assertEquals(
        new Address("orders-0-1.orders-members.shop.svc", 9090), refusal.primary().orElseThrow());
    assertEquals(7, refusal.term());
  }
}
