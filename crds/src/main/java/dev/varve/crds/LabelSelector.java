package dev.varve.crds;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Selects objects by their labels as Kubernetes does everywhere; empty selects all. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonIgnoreProperties(ignoreUnknown = true)
public record LabelSelector(
    @JsonPropertyDescription("Labels that must all be present with exactly these values.")
        @Nullable Map<String, String> matchLabels,
    @JsonPropertyDescription("Requirements on labels that must all hold.")
        @Nullable List<Requirement> matchExpressions) {

  /** One requirement on one label. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Requirement(
      @JsonPropertyDescription("The label's key.") @Required String key,
      @JsonPropertyDescription("How the label's value is compared with values.") @Required
          Operator operator,
      @JsonPropertyDescription(
              "The values for In and NotIn; must be absent for Exists and DoesNotExist.")
          @Nullable List<String> values) {}

  /** The comparisons that Kubernetes' selectors know. */
  public enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist
  }
}
