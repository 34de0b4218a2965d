package dev.varve.crds;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import org.jspecify.annotations.Nullable;

/** One aspect of a resource's state, in the form that kstatus and Argo CD read without a plugin. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Condition(
    @JsonPropertyDescription("What the condition is about, such as Ready or Degraded.") @Required
        String type,
    @JsonPropertyDescription("True, False or Unknown.") @Required String status,
    @JsonPropertyDescription("One CamelCase word that says why; stable, for machines.") @Required
        String reason,
    @JsonPropertyDescription("A sentence that says why, for people.") @Required String message,
    @JsonPropertyDescription("When status last changed.") @Required String lastTransitionTime,
    @JsonPropertyDescription("The metadata.generation that this condition judges.")
        @Nullable Long observedGeneration) {}
