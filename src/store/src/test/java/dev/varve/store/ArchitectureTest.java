package dev.varve.store;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import org.junit.jupiter.api.Test;

/** Which packages may use which: the order of docs/architecture.md, and no framework. */
class ArchitectureTest {
  private static final String ROOT = "dev.varve.store";

  private final JavaClasses store =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  @Test
  void packagesUseOnlyThoseBelowThem() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("storage")
        .definedBy(ROOT + ".storage")
        .layer("simulation")
        .definedBy(ROOT + ".simulation")
        .layer("format")
        .definedBy(ROOT + ".format")
        .layer("segment")
        .definedBy(ROOT + ".segment")
        .layer("keydir")
        .definedBy(ROOT + ".keydir")
        .layer("manifest")
        .definedBy(ROOT + ".manifest")
        .layer("compaction")
        .definedBy(ROOT + ".compaction")
        .layer("recovery")
        .definedBy(ROOT + ".recovery")
        .layer("retention")
        .definedBy(ROOT + ".retention")
        .layer("store")
        .definedBy(ROOT)
        .whereLayer("storage")
        .mayNotAccessAnyLayer()
        .whereLayer("simulation")
        .mayOnlyAccessLayers("storage")
        .whereLayer("simulation")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("format")
        .mayOnlyAccessLayers("storage")
        .whereLayer("segment")
        .mayOnlyAccessLayers("storage", "format")
        .whereLayer("keydir")
        .mayOnlyAccessLayers("storage", "format", "segment")
        .whereLayer("manifest")
        .mayOnlyAccessLayers("storage", "format", "segment")
        .whereLayer("compaction")
        .mayOnlyAccessLayers("storage", "format", "segment", "keydir", "manifest")
        .whereLayer("recovery")
        .mayOnlyAccessLayers("storage", "format", "segment", "keydir", "manifest")
        .whereLayer("retention")
        .mayOnlyAccessLayers("storage", "format", "segment", "keydir", "manifest")
        .whereLayer("store")
        .mayNotBeAccessedByAnyLayer()
        .check(store);
  }

  @Test
  void theStoreNeedsNothingButTheJdkAndJspecify() {
    classes()
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(ROOT + "..", "java..", "org.jspecify..")
        .check(store);
  }

  /**
   * Guards pitfall 13: {@code ChannelFile} and {@code LinuxFile} read and write at positions. A
   * mapped file that is cut, or a full disk below it, ends the process with SIGBUS.
   */
  @Test
  void noFileIsMapped() {
    noClasses()
        .should()
        .callMethod(FileChannel.class, "map", MapMode.class, long.class, long.class)
        .orShould()
        .callMethod(FileChannel.class, "map", MapMode.class, long.class, long.class, Arena.class)
        .check(store);
  }
}
