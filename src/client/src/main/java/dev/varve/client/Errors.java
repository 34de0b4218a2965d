package dev.varve.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.netty.handler.ssl.NotSslRecordException;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * From gRPC statuses to this client's exceptions: the one place that knows every reason of the
 * protocol.
 */
final class Errors {
  /** The ErrorInfo domain of the protocol. */
  static final String DOMAIN = "varve.dev";

  private static final String OUTCOME = "outcome";

  private Errors() {}

  /**
   * What a failed call means to its caller.
   *
   * @param sent whether the request may have reached the member
   */
  static VarveException of(Throwable failure, CallKind kind, boolean sent) {
    if (failure instanceof VarveException known) {
      return known;
    }
    Status status = Status.fromThrowable(failure);
    return info(failure)
        .map(info -> fromInfo(info, status, kind, failure))
        .orElseGet(() -> fromStatus(status, kind, sent, failure));
  }

  /** Whether the same request may be sent again: it was not applied, and the reason may pass. */
  static boolean mayRepeat(VarveException error) {
    return switch (error) {
      case NotPrimaryException _ -> true;
      case UnavailableException _ -> true;
      case CallCancelledException _ -> false;
      case CorruptionException _ -> false;
      case InvalidRequestException _ -> false;
      case OutcomeUnknownException _ -> false;
      case RefusedException _ -> false;
      case SequenceTooOldException _ -> false;
      case SnapshotLostException _ -> false;
      case StaleTermException _ -> false;
      case StoreFullException _ -> false;
      case VersionMismatchException _ -> false;
    };
  }

  /**
   * Whether the member that gave it, or gave no answer, may no longer be the primary. A write of
   * unknown outcome counts too: if the member hangs, the next one would hang there as well.
   */
  static boolean isDoubtful(VarveException error) {
    return error instanceof UnavailableException
        || error.reason() == Reason.HANDSHAKE_FAILED
        || (error instanceof OutcomeUnknownException && error.reason() != Reason.CANCELLED);
  }

  private static Optional<ErrorInfo> info(Throwable failure) {
    com.google.rpc.Status details =
        switch (failure) {
          case StatusRuntimeException e -> StatusProto.fromThrowable(e);
          case StatusException e -> StatusProto.fromThrowable(e);
          default -> null;
        };
    if (details == null) {
      return Optional.empty();
    }
    for (Any detail : details.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        try {
          ErrorInfo info = detail.unpack(ErrorInfo.class);
          if (info.getDomain().equals(DOMAIN)) {
            return Optional.of(info);
          }
        } catch (InvalidProtocolBufferException e) {
          return Optional.empty(); // the status itself still says what happened
        }
      }
    }
    return Optional.empty();
  }

  private static VarveException fromInfo(
      ErrorInfo info, Status status, CallKind kind, Throwable cause) {
    Map<String, String> metadata = info.getMetadataMap();
    Reason reason = Reason.named(info.getReason()).orElse(Reason.OTHER);
    String message = describe(info.getReason(), status);
    boolean write = kind == CallKind.WRITE;
    String outcome = metadata.getOrDefault(OUTCOME, "");
    if (write && outcome.equals("unknown")) {
      return new OutcomeUnknownException(reason, message, metadata, cause);
    }
    boolean notApplied = !write || outcome.equals("not_applied");
    return switch (reason) {
      case NOT_PRIMARY -> new NotPrimaryException(reason, message, metadata, cause);
      // A majority that refused the write's term does not rule out that its next primary keeps the
      // batch.
      case STALE_TERM ->
          notApplied
              ? new StaleTermException(reason, message, metadata, cause)
              : new OutcomeUnknownException(reason, message, metadata, cause);
      case QUORUM_UNAVAILABLE ->
          notApplied
              ? new UnavailableException(reason, message, metadata, cause)
              : new OutcomeUnknownException(reason, message, metadata, cause);
      case SHUTTING_DOWN, REPLICA_BEHIND, NOT_READY ->
          new UnavailableException(reason, message, metadata, cause);
      case STORE_FULL -> new StoreFullException(reason, message, metadata, cause);
      case KEY_EMPTY,
          KEY_TOO_LARGE,
          VALUE_TOO_LARGE,
          BATCH_TOO_LARGE,
          UNKNOWN_KEYSPACE,
          WRONG_KEYSPACE_TYPE,
          INVALID_REQUEST ->
          new InvalidRequestException(reason, message, metadata, cause);
      case VERSION_MISMATCH -> new VersionMismatchException(reason, message, metadata, cause);
      case SEQUENCE_TOO_OLD -> new SequenceTooOldException(reason, message, metadata, cause);
      case SNAPSHOT_LOST -> new SnapshotLostException(reason, message, metadata, cause);
      case CORRUPTION -> new CorruptionException(reason, message, metadata, cause);
      case WRONG_SHARD, OVERLOADED, OTHER -> new RefusedException(reason, message, metadata, cause);
      case UNREACHABLE, NO_PRIMARY, TIMEOUT, CANCELLED, HANDSHAKE_FAILED ->
          throw new AssertionError("not a reason of the protocol: " + reason);
    };
  }

  private static VarveException fromStatus(
      Status status, CallKind kind, boolean sent, Throwable cause) {
    SSLException handshake = failedHandshake(status);
    if (handshake != null) {
      // No member takes a request before it has accepted the caller: nothing was applied.
      return new RefusedException(
          Reason.HANDSHAKE_FAILED,
          "the TLS handshake failed: " + handshake.getMessage(),
          Map.of(),
          cause);
    }
    boolean unknown = kind == CallKind.WRITE && sent;
    String message = describe("", status);
    return switch (status.getCode()) {
      case UNAVAILABLE -> unanswered(Reason.UNREACHABLE, unknown, message, cause);
      case DEADLINE_EXCEEDED -> unanswered(Reason.TIMEOUT, unknown, message, cause);
      case CANCELLED ->
          unknown
              ? new OutcomeUnknownException(Reason.CANCELLED, message, Map.of(), cause)
              : new CallCancelledException(Reason.CANCELLED, message, Map.of(), cause);
      case INVALID_ARGUMENT -> new InvalidRequestException(Reason.OTHER, message, Map.of(), cause);
      case DATA_LOSS -> new CorruptionException(Reason.CORRUPTION, message, Map.of(), cause);
      case INTERNAL, UNKNOWN ->
          unknown
              ? new OutcomeUnknownException(Reason.OTHER, message, Map.of(), cause)
              : new RefusedException(Reason.OTHER, message, Map.of(), cause);
      case OK,
          NOT_FOUND,
          ALREADY_EXISTS,
          PERMISSION_DENIED,
          RESOURCE_EXHAUSTED,
          FAILED_PRECONDITION,
          ABORTED,
          OUT_OF_RANGE,
          UNIMPLEMENTED,
          UNAUTHENTICATED ->
          new RefusedException(Reason.OTHER, message, Map.of(), cause);
    };
  }

  /**
   * The reason for which the two sides do not accept each other, which time does not mend; null if
   * that is not why. A member that goes away amid a handshake is merely down: that is an
   * SSLException, but none of these.
   */
  private static @Nullable SSLException failedHandshake(Status status) {
    for (Throwable t = status.getCause(); t != null; t = t.getCause()) {
      if (t instanceof SSLHandshakeException || t instanceof NotSslRecordException) {
        return (SSLException) t;
      }
    }
    return null;
  }

  private static VarveException unanswered(
      Reason reason, boolean unknown, String message, Throwable cause) {
    return unknown
        ? new OutcomeUnknownException(reason, message, Map.of(), cause)
        : new UnavailableException(reason, message, Map.of(), cause);
  }

  private static String describe(String reason, Status status) {
    String what = reason.isEmpty() ? status.getCode().name() : reason;
    String description = status.getDescription();
    Throwable cause = status.getCause();
    if (description == null && cause == null) {
      return what;
    }
    StringBuilder text = new StringBuilder(what).append(": ");
    text.append(description == null ? "" : description);
    if (cause != null && cause.getMessage() != null) {
      text.append(description == null ? "" : ": ").append(cause.getMessage());
    }
    return text.toString();
  }
}
