package dev.varve.replication;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private final JavaClasses replication =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.varve.replication");

  @Test
  void replicationUsesTheStoreAndTheJdkAlone() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "dev.varve.replication..", "dev.varve.store..", "java..", "org.jspecify..")
        .check(replication);
  }

  /**
   * Time, randomness and threads come in through constructors, or the simulation could not swap
   * them.
   */
  @Test
  void nothingLooksAtTheClockOrStartsThreadsByItself() {
    noClasses()
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(Thread.class)
        .check(replication);
  }

  @Test
  void simulationsAreForTestsOnly() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.varve.store.simulation..")
        .check(replication);
  }
}
