package dev.varve.store;

import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import dev.varve.store.format.Crc32c;
import dev.varve.store.format.RecordCodec;
import dev.varve.store.keydir.Hash;
import dev.varve.store.keydir.Keydir;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;

/**
 * Has Lincheck step through interleavings of two or three threads on one object, in a process of
 * its own: it instruments the classes of the whole JVM. A result that no order of the operations
 * explains ends it with the interleaving.
 */
final class LinearizabilityChecks {
  /** Printed after each class that held. */
  static final String HOLDS = "linearizable: ";

  private LinearizabilityChecks() {}

  public static void main(String[] arguments) {
    segmentReferences();
    swap();
  }

  /** Scenarios at random, always the same ones. */
  private static void segmentReferences() {
    new ModelCheckingOptions()
        .iterations(10)
        .invocationsPerIteration(500)
        .threads(2)
        .actorsPerThread(3)
        .actorsBefore(1)
        .actorsAfter(1)
        .sequentialSpecification(CountedSegment.Count.class)
        .check(CountedSegment.class);
    held(CountedSegment.class);
  }

  /** A writer that reads its own write, a compaction and a reader. */
  private static void swap() {
    ExecutionScenario scenario =
        new ExecutionScenario(
            List.of(actor("write")),
            List.of(
                List.of(actor("write"), actor("read")),
                List.of(actor("compact")),
                List.of(actor("read"))),
            List.of(actor("read")),
            null);
    new ModelCheckingOptions()
        .addCustomScenario(scenario)
        .iterations(0)
        .invocationsPerIteration(400)
        .minimizeFailedScenario(false)
        // What threads share is not in these: switching there would only cost interleavings.
        .addGuarantee(
            forClasses(
                    RecordCodec.class.getName(),
                    Crc32c.class.getName(),
                    Hash.class.getName(),
                    LiveSegment.class.getName())
                .allMethods()
                .ignore())
        .addGuarantee(
            forClasses(Keydir.class.getName(), Keyspace.class.getName()).methods("<init>").ignore())
        .sequentialSpecification(SwappedKey.Register.class)
        .check(SwappedKey.class);
    held(SwappedKey.class);
  }

  private static Actor actor(String operation) {
    try {
      return new Actor(SwappedKey.class.getMethod(operation), List.of());
    } catch (NoSuchMethodException e) {
      throw new AssertionError(e);
    }
  }

  private static void held(Class<?> checked) {
    System.out.println(HOLDS + checked.getSimpleName());
  }
}
