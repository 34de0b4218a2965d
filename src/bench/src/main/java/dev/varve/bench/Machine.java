package dev.varve.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a run ran on, for the report. */
public final class Machine {
  private static final Path CPU = Path.of("/proc/cpuinfo");
  private static final Path MEMORY = Path.of("/proc/meminfo");

  private Machine() {}

  /** A line each: processor, memory, file system, system, Java. */
  public static List<String> describe(Path directory) throws IOException {
    Runtime runtime = Runtime.getRuntime();
    Files.createDirectories(directory);
    return List.of(
        "processor: "
            + runtime.availableProcessors()
            + " × "
            + field(CPU, "model name", System.getProperty("os.arch", "unknown")),
        "memory: " + field(MEMORY, "MemTotal", "unknown"),
        "file system: " + Files.getFileStore(directory).type(),
        "system: " + System.getProperty("os.name", "") + " " + release(),
        String.format(
            Locale.ROOT,
            "Java: %s (%s), heap of at most %d MiB",
            Runtime.version(),
            System.getProperty("java.vm.name", ""),
            runtime.maxMemory() >> 20));
  }

  /** The first two numbers: what follows says who built the kernel rather than what it does. */
  private static String release() {
    Matcher numbers = Pattern.compile("\\d+\\.\\d+").matcher(System.getProperty("os.version", ""));
    return numbers.lookingAt() ? numbers.group() : "";
  }

  private static String field(Path file, String name, String otherwise) throws IOException {
    if (!Files.isReadable(file)) {
      return otherwise;
    }
    for (String line : Files.readAllLines(file)) {
      int colon = line.indexOf(':');
      if (colon > 0 && line.substring(0, colon).strip().equals(name)) {
        return line.substring(colon + 1).strip();
      }
    }
    return otherwise;
  }
}
