package dev.varve.node.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.google.rpc.ErrorInfo;
import dev.varve.node.Failures;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.QuorumUnavailableException;
import dev.varve.replication.StaleTermException;
import dev.varve.store.InvalidWriteException;
import dev.varve.store.NotLeaderException;
import dev.varve.store.OutcomeUnknownException;
import dev.varve.store.SnapshotLostException;
import dev.varve.store.StoreClosedException;
import dev.varve.store.StoreFullException;
import dev.varve.store.StorePoisonedException;
import dev.varve.store.VersionMismatchException;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.storage.DiskFullException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ErrorsTest {
  static Stream<Arguments> failures() {
    IOException disk = new IOException("disk");
    return Stream.of(
        Arguments.of(
            new NotPrimaryException("b", "b:9090", 4),
            Reason.NOT_PRIMARY,
            Map.of("primary", "b:9090", "term", "4")),
        Arguments.of(
            new NotPrimaryException(null, null, 4), Reason.NOT_PRIMARY, Map.of("term", "4")),
        Arguments.of(new NotLeaderException(), Reason.NOT_PRIMARY, Map.of()),
        Arguments.of(new StaleTermException(3, 4), Reason.STALE_TERM, Map.of("term", "4")),
        Arguments.of(
            new QuorumUnavailableException("none", true),
            Reason.QUORUM_UNAVAILABLE,
            Map.of("outcome", "not_applied")),
        Arguments.of(
            new QuorumUnavailableException("none", false), Reason.QUORUM_UNAVAILABLE, Map.of()),
        Arguments.of(
            new OutcomeUnknownException("gone", null), Reason.QUORUM_UNAVAILABLE, Map.of()),
        Arguments.of(new StorePoisonedException(disk), Reason.QUORUM_UNAVAILABLE, Map.of()),
        Arguments.of(new StoreFullException(disk), Reason.STORE_FULL, Map.of()),
        Arguments.of(new DiskFullException("full", disk), Reason.STORE_FULL, Map.of()),
        Arguments.of(
            new VersionMismatchException(1, 2), Reason.VERSION_MISMATCH, Map.of("current", "2")),
        Arguments.of(new SnapshotLostException(5), Reason.SNAPSHOT_LOST, Map.of()),
        Arguments.of(new StoreClosedException(), Reason.SHUTTING_DOWN, Map.of()),
        Arguments.of(
            new CorruptionException("main/x.log", 7, "crc"),
            Reason.CORRUPTION,
            Map.of("file", "main/x.log", "offset", "7")),
        Arguments.of(
            new CorruptRecordException("main/x.log", 7, "crc"),
            Reason.CORRUPTION,
            Map.of("file", "main/x.log", "offset", "7")));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void eachFailureHasItsReasonCodeAndMetadata(
      Exception failure, Reason reason, Map<String, String> metadata) {
    StatusRuntimeException status = Errors.asException(new CompletionException(failure));
    ErrorInfo info = Failures.info(status);
    assertEquals("varve.dev", info.getDomain());
    assertEquals(reason.name(), info.getReason());
    assertEquals(metadata, info.getMetadataMap());
    assertEquals(reason.code(), status.getStatus().getCode());
    assertEquals(failure.getMessage(), status.getStatus().getDescription());
  }

  @ParameterizedTest
  @EnumSource(InvalidWriteException.Reason.class)
  void eachBrokenLimitIsAnInvalidArgumentThatNamesItsField(InvalidWriteException.Reason reason) {
    StatusRuntimeException status =
        Errors.asException(new InvalidWriteException(reason, "mutations[3].key", "too long"));
    assertEquals(Status.Code.INVALID_ARGUMENT, status.getStatus().getCode());
    assertEquals(Map.of("field", "mutations[3].key"), Failures.info(status).getMetadataMap());
  }

  @ParameterizedTest
  @EnumSource(Reason.class)
  void codesAreThoseOfTheContract(Reason reason) {
    Status.Code expected =
        switch (reason) {
          case NOT_PRIMARY, WRONG_SHARD -> Status.Code.FAILED_PRECONDITION;
          case STALE_TERM, VERSION_MISMATCH, SNAPSHOT_LOST -> Status.Code.ABORTED;
          case QUORUM_UNAVAILABLE, SHUTTING_DOWN, REPLICA_BEHIND, NOT_READY ->
              Status.Code.UNAVAILABLE;
          case STORE_FULL, OVERLOADED -> Status.Code.RESOURCE_EXHAUSTED;
          case KEY_EMPTY,
              KEY_TOO_LARGE,
              VALUE_TOO_LARGE,
              BATCH_TOO_LARGE,
              UNKNOWN_KEYSPACE,
              WRONG_KEYSPACE_TYPE,
              INVALID_REQUEST ->
              Status.Code.INVALID_ARGUMENT;
          case SEQUENCE_TOO_OLD -> Status.Code.OUT_OF_RANGE;
          case CORRUPTION -> Status.Code.DATA_LOSS;
        };
    assertEquals(expected, reason.code());
  }

  @Test
  void aStatusStaysWhatItIs() {
    StatusRuntimeException status = Status.UNIMPLEMENTED.asRuntimeException();
    assertSame(status, Errors.asException(status));
  }

  @Test
  void aDefectTellsItsClientNoMoreThanItsKind() {
    StatusRuntimeException status = Errors.asException(new IllegalStateException("/secret/path"));
    assertEquals(Status.Code.INTERNAL, status.getStatus().getCode());
    assertEquals("internal error: IllegalStateException", status.getStatus().getDescription());
  }
}
