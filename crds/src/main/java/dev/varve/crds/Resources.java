package dev.varve.crds;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** CPU and memory of one container, with the meaning that Kubernetes gives them. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record Resources(
    @JsonPropertyDescription(
            "What the scheduler sets aside, by resource: for example cpu: 250m, memory: 512Mi.")
        @Nullable Map<String, Quantity> requests,
    @JsonPropertyDescription(
            "The most the container may use, by resource; beyond its memory limit it is killed.")
        @Nullable Map<String, Quantity> limits) {}
