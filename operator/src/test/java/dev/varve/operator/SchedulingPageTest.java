package dev.varve.operator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The CronJob in {@code docs/scheduling.md} has fields that Kubernetes knows, and what it needs.
 */
class SchedulingPageTest {
  private static final Pattern BLOCK =
      Pattern.compile("^```yaml\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

  private static CronJob example() throws IOException {
    Matcher block = BLOCK.matcher(Files.readString(Path.of("..", "docs", "scheduling.md")));
    assertTrue(block.find(), "no example of a CronJob");
    return Serialization.unmarshal(block.group(1), CronJob.class);
  }

  @Test
  void everyFieldIsKnown() throws IOException, ReflectiveOperationException {
    int seen = requireKnown("", example());
    assertTrue(seen > 10, "only " + seen + " objects were looked at");
  }

  /**
   * Fabric8's types keep fields that they do not know apart. Returns how many objects there are.
   */
  private static int requireKnown(String where, @Nullable Object value)
      throws ReflectiveOperationException {
    int seen = 0;
    if (value instanceof List<?> list) {
      for (Object item : list) {
        seen += requireKnown(where, item);
      }
    } else if (value != null && value.getClass().getName().startsWith("io.fabric8.")) {
      seen++;
      for (Method getter : value.getClass().getMethods()) {
        boolean own = getter.getDeclaringClass() == value.getClass();
        if (!own || getter.getParameterCount() > 0 || !getter.getName().startsWith("get")) {
          continue;
        }
        if (getter.getName().equals("getAdditionalProperties")) {
          assertEquals(Map.of(), getter.invoke(value), "unknown in " + where);
        } else {
          seen += requireKnown(where + '.' + getter.getName().substring(3), getter.invoke(value));
        }
      }
    }
    return seen;
  }

  @Test
  void itRunsTheCommandOnceATickAndEndsIt() throws IOException {
    var spec = example().getSpec();
    assertEquals("Forbid", spec.getConcurrencyPolicy());
    assertEquals(5, spec.getSchedule().split(" ").length);
    var job = spec.getJobTemplate().getSpec();
    assertEquals(0, job.getBackoffLimit());
    assertEquals("Never", job.getTemplate().getSpec().getRestartPolicy());
    Container container = job.getTemplate().getSpec().getContainers().getFirst();
    assertEquals(List.of("varve"), container.getCommand());
    List<String> args = container.getArgs();
    assertEquals("compact", args.getFirst());
    assertEquals("0", args.get(args.indexOf("--skipped-exit") + 1));
    assertEquals("2h", args.get(args.indexOf("--timeout") + 1));
    assertTrue(job.getActiveDeadlineSeconds() > 2 * 3600, "the command ends before its pod");
  }
}
