package dev.varve.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A program of this machine, run to its end. */
final class LocalCommand {
  private LocalCommand() {}

  static Output run(List<String> command, Map<String, String> environment) {
    try {
      Path stderr = Files.createTempFile("stderr", ".txt");
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(stderr.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      process.getOutputStream().close();
      String stdout = new String(process.getInputStream().readAllBytes(), UTF_8);
      int exitCode = process.waitFor();
      Output output = new Output(command, exitCode, stdout, Files.readString(stderr));
      Files.delete(stderr);
      return output;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while running " + command, e);
    }
  }
}
