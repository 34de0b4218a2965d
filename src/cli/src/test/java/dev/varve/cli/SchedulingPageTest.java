package dev.varve.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The examples in {@code docs/scheduling.md} are what cron, systemd and this command line take. The
 * CronJob is read by the operator's {@code SchedulingPageTest}, which has the types for it.
 */
class SchedulingPageTest {
  private static final Pattern BLOCK =
      Pattern.compile("^```([a-z]+)\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
  private static final Pattern FIELD = Pattern.compile("(\\*|[0-9]+(-[0-9]+)?)(/[0-9]+)?");
  private static final int[] HIGHEST = {59, 23, 31, 12, 7};

  private static List<String> blocks(String language) throws IOException {
    List<String> blocks = new ArrayList<>();
    Matcher matcher = BLOCK.matcher(Files.readString(Path.of("../../docs/scheduling.md")));
    while (matcher.find()) {
      if (matcher.group(1).equals(language)) {
        blocks.add(matcher.group(2));
      }
    }
    assertFalse(blocks.isEmpty(), "no example of " + language);
    return blocks;
  }

  /** The words of the command that begins with {@code varve} are options that it has. */
  private static void assertTaken(String command) {
    int at = command.indexOf("varve compact");
    assertTrue(at >= 0, command);
    String[] args = command.substring(at + "varve ".length()).strip().split(" +");
    Invocation none =
        new Invocation(
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8),
            Map.of(),
            false,
            false,
            new Cancellation(Thread.currentThread()));
    var parsed = Main.commandLine(none).parseArgs(args); // throws for what it does not take
    assertEquals("compact", parsed.subcommand().commandSpec().name());
  }

  @Test
  void theCronLineIsOne() throws IOException {
    List<String> jobs =
        blocks("cron").getFirst().lines().filter(l -> !l.matches("[A-Z]+=.*|\\s*")).toList();
    assertEquals(1, jobs.size());
    String[] fields = jobs.getFirst().split("\\s+", 7);
    for (int i = 0; i < HIGHEST.length; i++) {
      for (String part : fields[i].split(",", -1)) {
        assertTrue(FIELD.matcher(part).matches(), fields[i]);
        for (String number : part.replace("*", "").split("[-/]", -1)) {
          assertTrue(number.isEmpty() || Integer.parseInt(number) <= HIGHEST[i], fields[i]);
        }
      }
    }
    assertEquals("varve", fields[5], "the user");
    assertFalse(fields[6].contains("%"), "cron turns % into the end of the line");
    assertTaken(fields[6]);
    assertTrue(fields[6].contains("--skipped-exit 0"));
  }

  @Test
  void theUnitsHaveWhatTheyNeed() throws IOException {
    List<String> units = blocks("ini");
    assertEquals(2, units.size());
    Map<String, String> service = directives(units.get(0));
    assertEquals("oneshot", service.get("Service.Type"));
    assertEquals(String.valueOf(ExitCode.SKIPPED), service.get("Service.SuccessExitStatus"));
    assertTaken(service.getOrDefault("Service.ExecStart", ""));
    Map<String, String> timer = directives(units.get(1));
    assertTrue(
        timer.getOrDefault("Timer.OnCalendar", "").matches("\\*-\\*-\\* [0-2][0-9]:[0-5][0-9]:00"),
        timer::toString);
    assertTrue(timer.containsKey("Timer.RandomizedDelaySec"));
    assertEquals("timers.target", timer.get("Install.WantedBy"));
  }

  private static Map<String, String> directives(String unit) {
    Map<String, String> directives = new LinkedHashMap<>();
    String section = "";
    for (String line : unit.lines().filter(l -> !l.isBlank()).toList()) {
      if (line.startsWith("[")) {
        assertTrue(line.matches("\\[(Unit|Service|Timer|Install)\\]"), line);
        section = line.substring(1, line.length() - 1);
      } else {
        assertTrue(line.matches("[A-Z][A-Za-z]+=.+"), line);
        int equals = line.indexOf('=');
        String name = section + '.' + line.substring(0, equals);
        assertEquals(null, directives.put(name, line.substring(equals + 1)), name + " twice");
      }
    }
    return directives;
  }

  /** Only where there is a systemd to ask; it must find the program, so that is one it finds. */
  @Test
  void systemdTakesTheUnits(@TempDir Path folder) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/systemd-analyze")), "no systemd here");
    List<String> units = blocks("ini");
    Path service = folder.resolve("varve-compact.service");
    Path timer = folder.resolve("varve-compact.timer");
    Files.writeString(
        service,
        units
            .get(0)
            .replace("/usr/local/bin/varve", "/bin/true")
            .replace("User=varve", "User=root"));
    Files.writeString(timer, units.get(1));
    Path said = folder.resolve("said");
    Process verify =
        new ProcessBuilder(
                "systemd-analyze",
                "verify",
                "--man=no",
                "--recursive-errors=no",
                service.toString(),
                timer.toString())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    assertTrue(verify.waitFor(60, TimeUnit.SECONDS));
    String output = Files.readString(said);
    assertEquals(0, verify.exitValue(), output);
    assertFalse(output.contains("varve-compact"), output);
  }
}
