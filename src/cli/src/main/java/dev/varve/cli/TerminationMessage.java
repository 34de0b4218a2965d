package dev.varve.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.varve.protocol.v1.CompactionEvent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The file that Kubernetes shows as a container's termination message: a run's event as protobuf's
 * JSON on one line, without its files, under 4096 bytes.
 */
final class TerminationMessage {
  /** Kubernetes cuts the message here. */
  static final int MAX_BYTES = 4096;

  private static final String PATH_VARIABLE = "VARVE_TERMINATION_MESSAGE_PATH";
  private static final Path KUBERNETES_DEFAULT = Path.of("/dev/termination-log");

  private TerminationMessage() {}

  /** Where to write: the variable's path, else the usual one if this is a container that has it. */
  static Optional<Path> path(Invocation invocation) {
    String named = invocation.environment(PATH_VARIABLE, "");
    if (!named.isEmpty()) {
      return Optional.of(Path.of(named));
    }
    return Files.isWritable(KUBERNETES_DEFAULT)
        ? Optional.of(KUBERNETES_DEFAULT)
        : Optional.empty();
  }

  static void write(Path path, CompactionEvent event) throws IOException {
    Files.writeString(path, format(event), StandardCharsets.UTF_8);
  }

  static String format(CompactionEvent event) {
    CompactionEvent.Builder bounded = event.toBuilder().clearFiles();
    String message = event.getMessage();
    for (; ; ) {
      String json = print(bounded.build());
      if (json.getBytes(StandardCharsets.UTF_8).length < MAX_BYTES) {
        return json;
      }
      if (message.isEmpty()) {
        return print(bounded.clearRunId().clearMessage().build());
      }
      int half = message.offsetByCodePoints(0, message.codePointCount(0, message.length()) / 2);
      message = message.substring(0, half);
      bounded.setMessage(message + "…");
    }
  }

  private static String print(CompactionEvent event) {
    try {
      return JsonFormat.printer().omittingInsignificantWhitespace().print(event);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("an event holds no Any that could be unknown", e);
    }
  }
}
