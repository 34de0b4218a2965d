package dev.varve.bench.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that the run started, with its output in a file. */
public final class ServerProcess {
  private static final long STOP_SECONDS = 20;
  private static final int LINES_SHOWN = 20;

  private final String name;
  private final Process process;
  private final Path log;

  ServerProcess(String name, Process process, Path log) {
    this.name = name;
    this.process = process;
    this.log = log;
  }

  /** Whether it runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** What it has printed. */
  public String output() throws IOException {
    return Files.readString(log);
  }

  /** Its name and the end of its output, for an error's message. */
  public String describe() {
    String state = isAlive() ? "runs" : "has ended";
    try {
      List<String> lines = Files.readAllLines(log);
      return name
          + " "
          + state
          + "; its last lines:\n"
          + String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size()));
    } catch (IOException e) {
      return name + " " + state + "; its output cannot be read: " + e;
    }
  }

  /** Ends it without a warning, as SIGKILL does, and waits until it is gone. */
  public void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Asks it to end, and kills it when it does not within 20 s. */
  public void stop() {
    process.destroy();
    awaitEnd();
  }

  private void awaitEnd() {
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Bytes of memory that are its own or mapped and in memory now (VmRSS).
   *
   * @throws IOException where the system does not tell
   */
  public long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    throw new IOException(name + " has no VmRSS");
  }
}
