package dev.varve.cli;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

/**
 * Stands in for the node application in the tests of {@code serve}: prints its settings and that it
 * is ready, then waits to be stopped, or ends with the code in {@code FAKE_EXIT}.
 */
final class FakeNodeProcess {
  private FakeNodeProcess() {}

  @SuppressWarnings("SystemOut") // its output is what the tests look at
  public static void main(String[] args) throws InterruptedException {
    Map<String, String> settings = new TreeMap<>(System.getenv());
    settings.forEach(
        (name, value) -> {
          if (name.startsWith("VARVE_") || name.startsWith("COMPACTION_")) {
            System.out.println("setting " + name + "=" + value);
          }
        });
    System.err.println("a log line on stderr");
    System.out.println("12:00:01 INFO varve ready on 127.0.0.1:43210 in 0.8 s");
    String exit = System.getenv("FAKE_EXIT");
    if (exit != null) {
      System.exit(Integer.parseInt(exit));
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("stopped cleanly")));
    new CountDownLatch(1).await();
  }
}
