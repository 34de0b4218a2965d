package dev.varve.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private final JavaClasses classes = new ClassFileImporter().importPackages("dev.varve");

  @Test
  void theCliAndItsClientKnowNeitherNodeNorOperatorNorReplication() {
    noClasses()
        .that()
        .resideInAnyPackage("dev.varve.cli..", "dev.varve.client..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.varve.node..",
            "dev.varve.operator..",
            "dev.varve.crds..",
            "dev.varve.replication..",
            "io.quarkus..")
        .check(classes);
  }

  @Test
  void theClientKnowsNothingOfTheCli() {
    noClasses()
        .that()
        .resideInAPackage("dev.varve.client..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("dev.varve.cli..", "picocli..", "com.google.gson..")
        .check(classes);
  }
}
