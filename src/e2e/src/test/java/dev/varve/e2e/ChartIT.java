package dev.varve.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What helm makes of the chart, without a cluster. */
class ChartIT {
  @Test
  void passesHelmsStrictLint() {
    helm("lint", "--strict").orFail();
  }

  @Test
  void defaultValuesGiveARestrictedOperatorForAllNamespaces() {
    String rendered = template().orFail();

    assertThat(rendered)
        .contains("kind: ClusterRole\n", "kind: ClusterRoleBinding\n", "kind: Deployment\n")
        .contains(
            "runAsNonRoot: true", "readOnlyRootFilesystem: true", "capabilities: {drop: [ALL]}")
        .contains("allowPrivilegeEscalation: false", "seccompProfile: {type: RuntimeDefault}")
        .contains("startupProbe:", "livenessProbe:", "readinessProbe:")
        .doesNotContain("secrets", "\"*\"");
  }

  @Test
  void namedNamespacesGetRolesOfTheirOwnAndNoClusterWideRight() {
    String rendered = template("--set", "namespaces={shop,warehouse}").orFail();

    assertThat(rendered)
        .doesNotContain("ClusterRole")
        .contains("namespace: shop", "namespace: warehouse", "namespace: varve-system")
        .contains("value: \"shop,warehouse\"");
  }

  @ParameterizedTest
  @CsvSource({"replicaCount=3, replicaCount", "replicas=many, replicas", "image.tag=, tag"})
  void refusesValuesThatTheSchemaDoesNotKnow(String value, String named) {
    Output output = template("--set", value);

    assertThat(output.exitCode()).as(output.all()).isNotZero();
    assertThat(output.stderr()).contains(named);
  }

  private static Output template(String... options) {
    List<String> arguments =
        new ArrayList<>(List.of("--namespace", "varve-system", "--kube-version", "1.34.0"));
    arguments.addAll(List.of(options));
    return helm("template", arguments.toArray(String[]::new));
  }

  private static Output helm(String command, String... options) {
    List<String> arguments = new ArrayList<>(List.of(Environment.helm().toString(), command));
    arguments.add(Environment.root().resolve("charts/varve").toString());
    arguments.addAll(List.of(options));
    return LocalCommand.run(arguments, Map.of());
  }
}
