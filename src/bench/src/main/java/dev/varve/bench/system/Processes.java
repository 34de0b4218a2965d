package dev.varve.bench.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The processes that a run starts. All of them are killed when this is closed, and when this JVM is
 * told to end; each by the handle that starting it gave, never by a name.
 */
public final class Processes implements AutoCloseable {
  private final List<ServerProcess> started = new ArrayList<>();
  private final Thread hook = new Thread(this::killAll, "bench-kill-processes");

  /** Begins without any. */
  public Processes() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /**
   * Starts one.
   *
   * @param directory its working directory, made if absent; its output goes to NAME.log there
   * @param environment added to this process's own
   */
  synchronized ServerProcess start(
      String name, Path directory, Map<String, String> environment, List<String> command)
      throws IOException {
    Files.createDirectories(directory);
    Path log = directory.resolve(name + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    ServerProcess process = new ServerProcess(name, builder.start(), log);
    started.add(process);
    return process;
  }

  private synchronized void killAll() {
    started.forEach(ServerProcess::kill);
    started.clear();
  }

  @Override
  public void close() {
    killAll();
    Runtime.getRuntime().removeShutdownHook(hook);
  }
}
