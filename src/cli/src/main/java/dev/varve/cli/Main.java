package dev.varve.cli;

import dev.varve.client.CallCancelledException;
import dev.varve.client.InvalidRequestException;
import dev.varve.client.NotPrimaryException;
import dev.varve.client.StaleTermException;
import dev.varve.client.VarveException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;

/** Starts {@code varve} and turns how it ended into an exit code. */
public final class Main {
  /** What a cancelled command gets to abort its call and say so, before the process ends anyway. */
  private static final long CANCEL_SECONDS = 25;

  /** Held, as the loggers themselves are only weakly reachable. */
  private static final List<Logger> TRANSPORT_LOGGERS =
      List.of(Logger.getLogger("io.grpc"), Logger.getLogger("io.netty"));

  private Main() {}

  /** Runs one command and exits the JVM with its code. */
  @SuppressWarnings("SystemExitOutsideMain")
  public static void main(String[] args) {
    // What the transport has to say reaches the user as the failure of a call.
    TRANSPORT_LOGGERS.forEach(logger -> logger.setLevel(Level.OFF));
    Cancellation cancellation = new Cancellation(Thread.currentThread());
    Invocation invocation =
        new Invocation(
            System.in,
            print(FileDescriptor.out, 1 << 16),
            print(FileDescriptor.err, 1 << 10),
            System.getenv(),
            Boolean.getBoolean("varve.stdout.terminal"),
            Boolean.getBoolean("varve.stderr.terminal"),
            cancellation);
    int[] code = {ExitCode.FAILED};
    boolean[] ended = {false};
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> endBySignal(cancellation, code, ended), "varve-signal"));
    code[0] = run(invocation, args);
    invocation.out().flush();
    invocation.err().flush();
    synchronized (ended) {
      ended[0] = true;
    }
    cancellation.finish();
    System.exit(code[0]);
  }

  /** The JVM is going down: because the command ended, or because of a signal while it ran. */
  private static void endBySignal(Cancellation cancellation, int[] code, boolean[] ended) {
    synchronized (ended) {
      if (ended[0]) {
        return;
      }
    }
    cancellation.cancel();
    try {
      Runtime.getRuntime()
          .halt(cancellation.awaitFinish(CANCEL_SECONDS) ? code[0] : ExitCode.CANCELLED);
    } catch (InterruptedException e) {
      Runtime.getRuntime().halt(ExitCode.CANCELLED);
    }
  }

  /** Runs one command on the calling thread; returns its exit code. */
  static int run(Invocation invocation, String... args) {
    CommandLine line = commandLine(invocation);
    try {
      return line.execute(args);
    } finally {
      invocation.out().flush();
      invocation.err().flush();
    }
  }

  static CommandLine commandLine(Invocation invocation) {
    VarveCommand root = new VarveCommand(invocation);
    CommandLine line = new CommandLine(root);
    for (Object command :
        List.of(
            new GetCommand(root),
            new PutCommand(root),
            new DeleteCommand(root),
            new ScanCommand(root),
            new WatchCommand(root),
            new ImportCommand(root),
            new ExportCommand(root),
            new StatusCommand(root),
            new SegmentsCommand(root),
            new PlanCommand(root),
            new CompactCommand(root),
            new CheckpointCommand(root),
            new TrimCommand(root),
            new StepDownCommand(root),
            new EventsCommand(root),
            new MetricsCommand(root),
            new LoadCommand(root),
            new VerifyCommand(root),
            new RepairCommand(root),
            new BackupCommand(root),
            new RestoreCommand(root),
            new ServeCommand(root))) {
      line.addSubcommand(command);
    }
    line.registerConverter(ByteSize.class, text -> typed(() -> ByteSize.parse(text)));
    line.registerConverter(Duration.class, text -> typed(() -> TimeSpan.parse(text)));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setOut(new PrintWriter(invocation.out(), true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(invocation.err(), true, StandardCharsets.UTF_8));
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          int code = exitCode(failure, invocation.cancellation());
          invocation.err().println("varve: " + explain(failure, code));
          return code;
        });
    return line;
  }

  private static <T> T typed(java.util.function.Supplier<T> parse) {
    try {
      return parse.get();
    } catch (UsageException e) {
      throw new CommandLine.TypeConversionException(e.getMessage());
    }
  }

  static int exitCode(Throwable failure, Cancellation cancellation) {
    if (cancellation.isCancelled()) {
      return ExitCode.CANCELLED;
    }
    return switch (failure) {
      case UsageException _ -> ExitCode.USAGE;
      case CommandFailure e when e.getCause() instanceof VarveException cause ->
          exitCode(cause, cancellation);
      case InvalidRequestException _ -> ExitCode.USAGE;
      case NotPrimaryException _ -> ExitCode.NOT_PRIMARY;
      case StaleTermException _ -> ExitCode.NOT_PRIMARY;
      default -> ExitCode.FAILED;
    };
  }

  private static String explain(Throwable failure, int code) {
    if (code == ExitCode.CANCELLED) {
      return "cancelled";
    }
    String message = String.valueOf(failure.getMessage());
    return switch (failure) {
      case UsageException _ -> message;
      case CommandFailure _ -> message;
      case CallCancelledException _ -> "cancelled: " + message;
      case dev.varve.client.OutcomeUnknownException _ ->
          "the outcome is unknown, it may or may not have been applied: " + message;
      case VarveException _ -> message;
      case UncheckedIOException _ -> message;
      case IOException _ -> failure.getClass().getSimpleName() + ": " + message;
      default -> failure.toString();
    };
  }

  private static PrintStream print(FileDescriptor descriptor, int buffer) {
    return new PrintStream(
        new java.io.BufferedOutputStream(new FileOutputStream(descriptor), buffer),
        false,
        StandardCharsets.UTF_8);
  }
}
