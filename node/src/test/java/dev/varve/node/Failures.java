package dev.varve.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import dev.varve.node.rpc.Reason;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import org.junit.jupiter.api.function.Executable;

/** What a failed call told its client. */
public final class Failures {
  private Failures() {}

  /** The call fails with this reason and its code; returns the details. */
  public static ErrorInfo refused(Reason reason, Executable call) {
    StatusRuntimeException failure = assertThrows(StatusRuntimeException.class, call);
    ErrorInfo info = info(failure);
    assertEquals(reason.name(), info.getReason(), failure.toString());
    assertEquals(reason.code(), failure.getStatus().getCode());
    assertEquals("varve.dev", info.getDomain());
    return info;
  }

  /** The call fails with this code. */
  public static StatusRuntimeException failed(Status.Code code, Executable call) {
    StatusRuntimeException failure = assertThrows(StatusRuntimeException.class, call);
    assertEquals(code, failure.getStatus().getCode(), failure.toString());
    return failure;
  }

  public static ErrorInfo info(StatusRuntimeException failure) {
    com.google.rpc.Status status = StatusProto.fromThrowable(failure);
    if (status == null || status.getDetailsCount() != 1) {
      throw new AssertionError("no single detail", failure);
    }
    try {
      return status.getDetails(0).unpack(ErrorInfo.class);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("the detail is no ErrorInfo", e);
    }
  }
}
