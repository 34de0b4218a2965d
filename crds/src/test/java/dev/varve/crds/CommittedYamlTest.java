package dev.varve.crds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Holds the committed YAML to the types. To regenerate it after changing a type: {@code mvn -pl
 * crds test -Dcrds.update=true}.
 */
class CommittedYamlTest {

  private static final String HOW =
      "the types and the committed YAML differ; regenerate with: mvn -pl crds test"
          + " -Dcrds.update=true";

  private final Path moduleDirectory = Path.of("").toAbsolutePath();

  private Map<String, String> generated = Map.of();

  @BeforeEach
  void generate(@TempDir Path work) throws IOException {
    generated = GeneratedYaml.generate(work);
    if (Boolean.getBoolean("crds.update")) {
      for (var file : generated.entrySet()) {
        Files.writeString(moduleDirectory.resolve(file.getKey()), file.getValue());
      }
    }
  }

  @Test
  void committedYamlIsWhatTheTypesSay() throws IOException {
    var committed = new TreeMap<String, String>();
    try (Stream<Path> files = Files.list(moduleDirectory)) {
      for (Path file : files.filter(CommittedYamlTest::appliedByKubectl).toList()) {
        committed.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    assertEquals(generated.keySet(), committed.keySet(), HOW);
    generated.forEach((name, yaml) -> assertEquals(yaml, committed.get(name), name + ": " + HOW));
  }

  @Test
  void everyFieldIsDescribed() {
    var bare = new ArrayList<String>();
    for (CustomResourceDefinition crd : definitions()) {
      JSONSchemaProps root = schemaOf(crd);
      for (String part : List.of("spec", "status")) {
        collectBare(
            crd.getSpec().getNames().getKind() + "." + part,
            GeneratedYaml.property(root, part),
            bare);
      }
    }
    assertEquals(List.of(), bare);
  }

  @Test
  void everyRuleHasASentenceThatSaysWhatIsAccepted() {
    for (CustomResourceDefinition crd : definitions()) {
      var messages = new ArrayList<String>();
      collectMessages(schemaOf(crd), messages);
      assertFalse(messages.isEmpty());
      messages.forEach(message -> assertTrue(message != null && message.contains(" "), message));
    }
  }

  @Test
  void listsWithKeysAreMapsAndResultsAreAtomic() {
    JSONSchemaProps status =
        GeneratedYaml.property(schemaOf(definition("CompactionPolicy")), "status");
    JSONSchemaProps targets = GeneratedYaml.property(status, "targets");
    assertEquals("map", targets.getXKubernetesListType());
    assertEquals(List.of("cluster", "shard"), targets.getXKubernetesListMapKeys());
    for (String atomic : List.of("events", "active")) {
      assertEquals("atomic", GeneratedYaml.property(status, atomic).getXKubernetesListType());
    }
  }

  @Test
  void bothHaveAStatusSubresourceAndTheirShortNames() {
    assertEquals(
        List.of("vcp"), definition("CompactionPolicy").getSpec().getNames().getShortNames());
    assertEquals(
        List.of("vstore"), definition("StoreCluster").getSpec().getNames().getShortNames());
    for (CustomResourceDefinition crd : definitions()) {
      assertNotNull(crd.getSpec().getVersions().getFirst().getSubresources().getStatus());
    }
  }

  private static boolean appliedByKubectl(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(".yml") || name.endsWith(".yaml") || name.endsWith(".json");
  }

  private List<CustomResourceDefinition> definitions() {
    assertEquals(2, generated.size());
    return generated.values().stream().map(GeneratedYaml::parse).toList();
  }

  private CustomResourceDefinition definition(String kind) {
    return definitions().stream()
        .filter(crd -> crd.getSpec().getNames().getKind().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  private static JSONSchemaProps schemaOf(CustomResourceDefinition crd) {
    return crd.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema();
  }

  private static void collectBare(String path, JSONSchemaProps schema, List<String> bare) {
    if (schema.getDescription() == null || schema.getDescription().isBlank()) {
      bare.add(path);
    }
    JSONSchemaProps of = schema.getItems() == null ? schema : schema.getItems().getSchema();
    if (of.getProperties() != null) {
      of.getProperties().forEach((name, child) -> collectBare(path + "." + name, child, bare));
    }
  }

  private static void collectMessages(JSONSchemaProps schema, List<String> messages) {
    if (schema.getXKubernetesValidations() != null) {
      schema.getXKubernetesValidations().forEach(rule -> messages.add(rule.getMessage()));
    }
    if (schema.getItems() != null) {
      collectMessages(schema.getItems().getSchema(), messages);
    }
    if (schema.getProperties() != null) {
      schema.getProperties().values().forEach(child -> collectMessages(child, messages));
    }
  }
}
