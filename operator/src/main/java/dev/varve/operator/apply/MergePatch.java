package dev.varve.operator.apply;

import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.Map;

/** Texts of JSON merge patches. */
final class MergePatch {

  private MergePatch() {}

  /** Sets these annotations and changes nothing else. */
  static String annotations(Map<String, String> annotations) {
    return new KubernetesSerialization()
        .asJson(Map.of("metadata", Map.of("annotations", annotations)));
  }
}
