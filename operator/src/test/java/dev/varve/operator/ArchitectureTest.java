package dev.varve.operator;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {

  private final JavaClasses classes =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.varve.operator");

  @Test
  void neverSeesTheEngineOrReplication() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.varve.store..", "dev.varve.replication..", "dev.varve.node..")
        .check(classes);
  }

  @Test
  void observingPlanningAndApplyingDependInOneDirection() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("process")
        .definedBy("dev.varve.operator")
        .layer("apply")
        .definedBy("dev.varve.operator.apply")
        .layer("plan")
        .definedBy("dev.varve.operator.plan")
        .layer("observe")
        .definedBy("dev.varve.operator.observe")
        .layer("values")
        .definedBy(
            "dev.varve.operator.resource",
            "dev.varve.operator.status",
            "dev.varve.operator.member",
            "dev.varve.operator.schedule")
        .whereLayer("process")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("apply")
        .mayOnlyBeAccessedByLayers("process")
        .whereLayer("plan")
        .mayOnlyBeAccessedByLayers("apply", "process")
        .whereLayer("observe")
        .mayOnlyBeAccessedByLayers("plan", "apply", "process")
        .check(classes);
  }

  @Test
  void planningTouchesNothingOutside() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.varve.operator.plan", "dev.varve.operator.schedule")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "io.fabric8.kubernetes.client..",
            "io.grpc..",
            "java.net..",
            "java.nio.file..",
            "java.nio.channels..")
        .orShould()
        .callMethod(java.time.Instant.class, "now")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .check(classes);
  }
}
