package dev.varve.crds;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.crdv2.generator.CRDPostProcessor;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaProps;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The custom resource definitions as the types now say, by file name. Adds what the generator has
 * no annotation for: list types, the form of quantities, and the descriptions of the two roots.
 */
final class GeneratedYaml {

  private static final String QUANTITY_PATTERN =
      "^[+-]?([0-9]+|[0-9]+[.][0-9]*|[.][0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?$";

  /** Lists of objects that have a key; every other list is atomic. */
  private static final Map<String, List<String>> MAP_LISTS =
      Map.of(
          "conditions", List.of("type"),
          "keyspaces", List.of("name"),
          "shards", List.of("id"),
          "members", List.of("name"),
          "targets", List.of("cluster", "shard"));

  private static final Map<String, String> ROOT_DESCRIPTIONS =
      Map.of(
          "StoreCluster",
          "A replicated append-only key-value store: so many members with a volume each, of which one"
              + " is primary.",
          "CompactionPolicy",
          "When, and under which conditions, the primaries of selected StoreClusters compact while"
              + " they serve.");

  private GeneratedYaml() {}

  /** Generates into the empty directory {@code work} and returns text by file name. */
  static Map<String, String> generate(Path work) throws IOException {
    new CRDGenerator()
        .inOutputDir(work.toFile())
        .withMinQuotes(true)
        .withParallelGenerationEnabled(false)
        .forCRDVersions("v1")
        .customResourceClasses(List.of(StoreCluster.class, CompactionPolicy.class))
        .withPostProcessor(
            new CRDPostProcessor() {
              @Override
              public HasMetadata process(HasMetadata crd, String version) {
                complete((CustomResourceDefinition) crd);
                return crd;
              }
            })
        .generate();
    var byName = new TreeMap<String, String>();
    try (Stream<Path> files = Files.list(work)) {
      for (Path file : files.toList()) {
        byName.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return byName;
  }

  /** The definition of one kind, parsed. */
  static CustomResourceDefinition parse(String yaml) {
    return Serialization.unmarshal(yaml, CustomResourceDefinition.class);
  }

  /** The schema of one property that must be there. */
  static JSONSchemaProps property(JSONSchemaProps schema, String name) {
    return Objects.requireNonNull(schema.getProperties().get(name), name);
  }

  private static void complete(CustomResourceDefinition crd) {
    JSONSchemaProps root = crd.getSpec().getVersions().getFirst().getSchema().getOpenAPIV3Schema();
    root.setDescription(ROOT_DESCRIPTIONS.get(crd.getSpec().getNames().getKind()));
    property(root, "spec").setDescription("What shall be; see each field.");
    property(root, "status").setDescription("What the operator saw last.");
    root.setRequired(List.of("spec"));
    Class<?> type =
        crd.getSpec().getNames().getKind().equals("StoreCluster")
            ? StoreCluster.class
            : CompactionPolicy.class;
    List<String> order =
        Stream.of(type.getAnnotationsByType(AdditionalPrinterColumn.class))
            .map(AdditionalPrinterColumn::name)
            .toList();
    crd.getSpec()
        .getVersions()
        .getFirst()
        .getAdditionalPrinterColumns()
        .sort(Comparator.comparing(column -> order.indexOf(column.getName())));
    root.getProperties().forEach(GeneratedYaml::complete);
  }

  private static void complete(String name, JSONSchemaProps schema) {
    if (schema.getItems() != null) {
      JSONSchemaProps item = schema.getItems().getSchema();
      if (MAP_LISTS.containsKey(name)) {
        schema.setXKubernetesListType("map");
        schema.setXKubernetesListMapKeys(MAP_LISTS.get(name));
      } else {
        schema.setXKubernetesListType("atomic");
      }
      complete(name + "[]", item);
    }
    if (Boolean.TRUE.equals(schema.getXKubernetesIntOrString())) {
      schema.setPattern(QUANTITY_PATTERN);
      schema.setMaxLength(32L);
    }
    if (schema.getXKubernetesValidations() != null) {
      // The generator meets a record component twice, as a field and as an accessor.
      schema.setXKubernetesValidations(
          schema.getXKubernetesValidations().stream().distinct().toList());
    }
    if (schema.getAdditionalProperties() != null) {
      complete(name + "{}", schema.getAdditionalProperties().getSchema());
    }
    if (schema.getProperties() != null) {
      schema.getProperties().forEach(GeneratedYaml::complete);
    }
  }
}
