package dev.varve.crds;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a {@link StoreCluster} shall be. Only {@code replicas} has no default. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record StoreClusterSpec(
    @JsonPropertyDescription(
            "Members of the shard: 1, 3, 5 or 7. A write is acknowledged when a majority has it on"
                + " disk, so 3 members survive the loss of 1, 5 of 2 and 7 of 3; 1 survives none."
                + " Fixed at creation for now.")
        @Required
        @ValidationRule(
            value = "self in [1, 3, 5, 7]",
            message =
                "spec.replicas must be 1, 3, 5 or 7: an even number of members adds cost and no"
                    + " safety")
        @ValidationRule(
            value = "self == oldSelf",
            message = "spec.replicas cannot be changed after creation in this version")
        Integer replicas,
    @JsonPropertyDescription(
            "The node's container image. Absent: the one that belongs to the operator's version.")
        @Size(min = 1, max = 512)
        @Nullable String image,
    @JsonPropertyDescription("The volume of each member.")
        @Default("{}")
        @ValidationRule(
            value =
                "has(self.storageClassName) == has(oldSelf.storageClassName)"
                    + " && (!has(self.storageClassName)"
                    + " || self.storageClassName == oldSelf.storageClassName)",
            message =
                "spec.storage.storageClassName cannot be changed after creation: existing volumes"
                    + " keep their class")
        @Nullable Storage storage,
    @JsonPropertyDescription(
            "The named logs of the store, each with a segment size of its own. Absent: main with"
                + " 64Mi and objects with 256Mi. Keyspaces may be added, never removed.")
        @Default(
            "[{\"name\": \"main\", \"segmentSize\": \"64Mi\"},"
                + " {\"name\": \"objects\", \"segmentSize\": \"256Mi\"}]")
        @Size(min = 1, max = 16)
        @ValidationRule(
            value = "oldSelf.all(before, self.exists(now, now.name == before.name))",
            message =
                "spec.keyspaces: a keyspace cannot be removed, because its records would be lost")
        @Nullable List<Keyspace> keyspaces,
    @JsonPropertyDescription(
            "CPU and memory of each member. A change replaces the pods one at a time.")
        @Default(
            "{\"requests\": {\"cpu\": \"250m\", \"memory\": \"512Mi\"}, \"limits\": {\"memory\":"
                + " \"512Mi\"}}")
        @Nullable Resources resources) {

  /** A member's volume. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Storage(
      @JsonPropertyDescription(
              "Size of each member's volume. May grow, where the storage class can expand volumes;"
                  + " never shrinks. Leave room for a compaction: at least the live data of the"
                  + " largest keyspace.")
          @Default("10Gi")
          @ValidationRule(
              value =
                  "type(self) == int ? self > 0 : isQuantity(self) && quantity(self).compareTo(quantity('0')) > 0",
              message = "spec.storage.size must be a quantity above zero, such as 10Gi")
          @ValidationRule(
              value = "quantity(string(self)).compareTo(quantity(string(oldSelf))) >= 0",
              message = "spec.storage.size may grow but never shrink")
          @Nullable Quantity size,
      @JsonPropertyDescription(
              "Storage class of the volumes. Absent: the Kubernetes cluster's default class. Fixed"
                  + " at creation.")
          @Size(min = 1, max = 253)
          @Nullable String storageClassName,
      @JsonPropertyDescription(
              "What becomes of the volumes when the StoreCluster is deleted: Retain keeps them, and"
                  + " the data, for a cluster of the same name or for you to delete; Delete deletes"
                  + " them.")
          @Default("Retain")
          @Nullable Retention retention) {}

  /** What becomes of volumes whose cluster is deleted. */
  public enum Retention {
    Retain,
    Delete
  }

  /** A named log. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Keyspace(
      @JsonPropertyDescription(
              "The keyspace's name: lower-case letters, digits and '-', at most 40 characters.")
          @Required
          @Size(min = 1, max = 40)
          @ValidationRule(value = Rules.KEYSPACE_NAME, message = Rules.KEYSPACE_NAME_MESSAGE)
          String name,
      @JsonPropertyDescription(
              "When a segment file reaches this size it is sealed and a new one begun; from 1Mi to"
                  + " 2Gi. Small segments are compacted sooner, large ones make fewer files. A"
                  + " change holds for segments begun afterwards.")
          @Default("64Mi")
          @ValidationRule(
              value =
                  "type(self) == int ? self >= 1048576 :"
                      + " isQuantity(self) && quantity(self).compareTo(quantity('1Mi')) >= 0",
              message = "segmentSize must be a quantity of at least 1Mi")
          @ValidationRule(
              value =
                  "type(self) == int ? self <= 2147483648 :"
                      + " isQuantity(self) && quantity(self).compareTo(quantity('2Gi')) <= 0",
              message = "segmentSize must be a quantity of at most 2Gi")
          @Nullable Quantity segmentSize) {}
}
