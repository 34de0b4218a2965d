package dev.varve.node.rpc;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import dev.varve.replication.HandOverRefusedException;
import dev.varve.replication.NotPrimaryException;
import dev.varve.replication.QuorumUnavailableException;
import dev.varve.replication.StaleTermException;
import dev.varve.store.ChangesGoneException;
import dev.varve.store.CompactionBusyException;
import dev.varve.store.InstallingException;
import dev.varve.store.InvalidWriteException;
import dev.varve.store.LogDivergedException;
import dev.varve.store.LogGapException;
import dev.varve.store.MissingAttachmentException;
import dev.varve.store.NotLeaderException;
import dev.varve.store.OutcomeUnknownException;
import dev.varve.store.RequestForgottenException;
import dev.varve.store.SnapshotLostException;
import dev.varve.store.StoreClosedException;
import dev.varve.store.StoreException;
import dev.varve.store.StoreFullException;
import dev.varve.store.StorePoisonedException;
import dev.varve.store.StreamDamagedException;
import dev.varve.store.VersionMismatchException;
import dev.varve.store.recovery.CorruptionException;
import dev.varve.store.segment.CorruptRecordException;
import dev.varve.store.storage.DiskFullException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The one place where a failure becomes what a gRPC client sees. */
public final class Errors {
  /** The domain of every {@link ErrorInfo} that Varve makes. */
  public static final String DOMAIN = "varve.dev";

  private static final Logger LOG = Logger.getLogger(Errors.class);

  private Errors() {}

  /**
   * A failure in the words of the contract.
   *
   * @param code the gRPC code
   * @param reason the {@link Reason}'s name; empty for what the contract has no reason for
   */
  public record Described(
      Status.Code code, String reason, String message, Map<String, String> metadata) {

    static Described of(Reason reason, String message, Map<String, String> metadata) {
      return new Described(reason.code(), reason.name(), message, metadata);
    }

    static Described of(Reason reason, Throwable cause, Map<String, String> metadata) {
      return of(reason, String.valueOf(cause.getMessage()), metadata);
    }

    static Described of(Reason reason, Throwable cause) {
      return of(reason, cause, Map.of());
    }
  }

  /** What a failure means; those that only a defect can cause are logged with their stack. */
  public static Described describe(Throwable failure) {
    Throwable cause = unwrap(failure);
    return switch (cause) {
      case RefusedException e -> Described.of(e.reason(), e, e.metadata());
      case NotPrimaryException e -> notPrimary(e);
      case StaleTermException e ->
          Described.of(Reason.STALE_TERM, e, Map.of("term", Long.toString(e.currentTerm())));
      case QuorumUnavailableException e ->
          Described.of(
              Reason.QUORUM_UNAVAILABLE,
              e,
              e.notApplied() ? Map.of("outcome", "not_applied") : Map.of());
      case HandOverRefusedException e -> handOver(e);
      case StoreException e -> store(e);
      case DiskFullException e -> Described.of(Reason.STORE_FULL, e);
      case CorruptionException e -> corruption(e, e.file(), e.offset());
      case CorruptRecordException e -> corruption(e, e.file(), e.offset());
      case StatusRuntimeException e ->
          new Described(
              e.getStatus().getCode(),
              "",
              String.valueOf(e.getStatus().getDescription()),
              Map.of());
      case CancellationException e ->
          new Described(Status.Code.CANCELLED, "", "the call was cancelled", Map.of());
      default -> defect(cause);
    };
  }

  private static Described notPrimary(NotPrimaryException e) {
    Map<String, String> metadata = new LinkedHashMap<>();
    String address = e.primaryAddress();
    if (address != null) {
      metadata.put("primary", address);
    }
    metadata.put("term", Long.toString(e.term()));
    return Described.of(Reason.NOT_PRIMARY, e, metadata);
  }

  private static Described handOver(HandOverRefusedException e) {
    return switch (e.kind()) {
      case UNKNOWN_MEMBER -> Described.of(Reason.INVALID_REQUEST, e, Map.of("field", "to_member"));
      case NO_OTHER_MEMBER ->
          new Described(
              Status.Code.FAILED_PRECONDITION, "", String.valueOf(e.getMessage()), Map.of());
      case NOT_NOW -> Described.of(Reason.NOT_READY, e, Map.of("outcome", "not_applied"));
    };
  }

  private static Described corruption(Exception e, String file, long offset) {
    return Described.of(
        Reason.CORRUPTION, e, Map.of("file", file, "offset", Long.toString(offset)));
  }

  private static Described store(StoreException failure) {
    return switch (failure) {
      case InvalidWriteException e ->
          Described.of(
              switch (e.reason()) {
                case KEY_EMPTY -> Reason.KEY_EMPTY;
                case KEY_TOO_LARGE -> Reason.KEY_TOO_LARGE;
                case VALUE_TOO_LARGE -> Reason.VALUE_TOO_LARGE;
                case BATCH_TOO_LARGE -> Reason.BATCH_TOO_LARGE;
                case UNKNOWN_KEYSPACE -> Reason.UNKNOWN_KEYSPACE;
                case WRONG_KEYSPACE_TYPE -> Reason.WRONG_KEYSPACE_TYPE;
                case BATCH_EMPTY, DUPLICATE_KEY, EXPIRY_INVALID -> Reason.INVALID_REQUEST;
              },
              e,
              Map.of("field", e.field()));
      case VersionMismatchException e ->
          Described.of(Reason.VERSION_MISMATCH, e, Map.of("current", Long.toString(e.current())));
      case NotLeaderException e -> Described.of(Reason.NOT_PRIMARY, e);
      case StoreFullException e -> Described.of(Reason.STORE_FULL, e);
      // Whether a write under way survives is not known until a member recovers.
      case OutcomeUnknownException e -> Described.of(Reason.QUORUM_UNAVAILABLE, e);
      case StorePoisonedException e -> Described.of(Reason.QUORUM_UNAVAILABLE, e);
      case StoreClosedException e -> Described.of(Reason.SHUTTING_DOWN, e);
      case SnapshotLostException e -> Described.of(Reason.SNAPSHOT_LOST, e);
      case ChangesGoneException e ->
          Described.of(Reason.SEQUENCE_TOO_OLD, e, Map.of("sequence", Long.toString(e.goneUpTo())));
      case RequestForgottenException e ->
          Described.of(
              Reason.SEQUENCE_TOO_OLD,
              e,
              Map.of("sequence", Long.toString(e.forgottenUpTo()), "outcome", "not_applied"));
      case StreamDamagedException e ->
          Described.of(
              Reason.CORRUPTION, e, Map.of("stream", e.stream(), "id", Long.toString(e.id())));
      case InstallingException e -> Described.of(Reason.NOT_READY, e);
      case CompactionBusyException e ->
          new Described(
              Status.Code.ABORTED, "", String.valueOf(e.getMessage()), Map.of("run_id", e.runId()));
      // Between a log and its replication only: a client that sees one has found a defect.
      case LogGapException e -> defect(e);
      case LogDivergedException e -> defect(e);
      case MissingAttachmentException e -> defect(e);
    };
  }

  private static Described defect(Throwable cause) {
    LOG.error("a call failed unexpectedly", cause);
    return new Described(
        Status.Code.INTERNAL, "", "internal error: " + cause.getClass().getSimpleName(), Map.of());
  }

  /** The exception that ends a call because of {@code failure}. */
  public static StatusRuntimeException asException(Throwable failure) {
    Throwable cause = unwrap(failure);
    if (cause instanceof StatusRuntimeException already) {
      return already;
    }
    return asException(describe(cause));
  }

  /** The exception that ends a call with this description. */
  static StatusRuntimeException asException(Described described) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder()
            .setCode(described.code().value())
            .setMessage(described.message());
    if (!described.reason().isEmpty()) {
      status.addDetails(
          Any.pack(
              ErrorInfo.newBuilder()
                  .setDomain(DOMAIN)
                  .setReason(described.reason())
                  .putAllMetadata(described.metadata())
                  .build()));
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException || cause instanceof ExecutionException) {
      @Nullable Throwable inner = cause.getCause();
      if (inner == null) {
        break;
      }
      cause = inner;
    }
    return cause;
  }
}
