package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** One run of {@code varve} in this JVM, on a thread of its own so that it can be cancelled. */
final class CommandRun {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final AtomicInteger code = new AtomicInteger(-1);
  private final Thread thread;
  private final Cancellation cancellation;

  private CommandRun(byte[] stdin, Map<String, String> environment, String... args) {
    this.thread = new Thread(() -> code.set(Main.run(invocation(stdin, environment), args)));
    this.cancellation = new Cancellation(thread);
  }

  private Invocation invocation(byte[] stdin, Map<String, String> environment) {
    // So that no test writes to the file of a container that the tests may run in.
    Map<String, String> variables = new HashMap<>(environment);
    variables.putIfAbsent("VARVE_TERMINATION_MESSAGE_PATH", "/dev/null");
    return new Invocation(
        new ByteArrayInputStream(stdin),
        new PrintStream(out, false, StandardCharsets.UTF_8),
        new PrintStream(err, false, StandardCharsets.UTF_8),
        variables,
        false,
        false,
        cancellation);
  }

  static CommandRun start(Map<String, String> environment, String... args) {
    CommandRun run = new CommandRun(new byte[0], environment, args);
    run.thread.start();
    return run;
  }

  static CommandRun of(String... args) {
    return start(Map.of(), args).await();
  }

  static CommandRun withInput(byte[] stdin, String... args) {
    CommandRun run = new CommandRun(stdin, Map.of(), args);
    run.thread.start();
    return run.await();
  }

  static CommandRun withTerminationMessage(Path path, String... args) {
    return start(Map.of("VARVE_TERMINATION_MESSAGE_PATH", path.toString()), args).await();
  }

  CommandRun await() {
    try {
      assertTrue(thread.join(Duration.ofSeconds(60)), "the command did not end");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return this;
  }

  void cancel() {
    cancellation.cancel();
  }

  int code() {
    return code.get();
  }

  byte[] outBytes() {
    return out.toByteArray();
  }

  String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  List<String> outLines() {
    return out().lines().toList();
  }

  String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
