package dev.varve.e2e;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;

/**
 * What a failed call says of itself, read as the contract (varve.proto) has it.
 *
 * @param reason the ErrorInfo's; empty if there is none
 * @param outcome the ErrorInfo's metadata of that name; empty if there is none
 */
record Refusal(Status status, String reason, String outcome) {
  static Refusal of(StatusRuntimeException failure) {
    com.google.rpc.Status details = StatusProto.fromThrowable(failure);
    if (details != null) {
      for (Any detail : details.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          try {
            ErrorInfo info = detail.unpack(ErrorInfo.class);
            return new Refusal(
                failure.getStatus(), info.getReason(), info.getMetadataOrDefault("outcome", ""));
          } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("a broken detail in " + details, e);
          }
        }
      }
    }
    return new Refusal(failure.getStatus(), "", "");
  }

  /** Of a write: this try has changed nothing and never will. */
  boolean isNotApplied() {
    return switch (outcome) {
      case "not_applied" -> true;
      case "unknown" -> false;
      default ->
          switch (reason) {
            // A majority may have taken it, or take it later.
            case "", "QUORUM_UNAVAILABLE", "STALE_TERM" -> false;
            default -> true;
          };
    };
  }

  /** Of a write that was sent before: nothing of the earlier tries was applied either. */
  boolean isFinal() {
    return reason.equals("VERSION_MISMATCH");
  }

  /** The connection, or the process at its other end, is gone or does not answer. */
  boolean isBroken() {
    return switch (status.getCode()) {
      // Nothing here cancels: a server that is being stopped resets what is under way.
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED -> reason.isEmpty();
      case UNKNOWN -> "channel closed".equals(status.getDescription()); // as grpc-netty has it
      default -> false;
    };
  }

  /** No fault of a machine or network explains this. */
  boolean isDefect() {
    return switch (status.getCode()) {
      case INTERNAL, DATA_LOSS, INVALID_ARGUMENT, UNIMPLEMENTED, PERMISSION_DENIED -> true;
      case UNKNOWN -> !isBroken();
      default -> false;
    };
  }
}
