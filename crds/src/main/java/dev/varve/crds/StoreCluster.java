package dev.varve.crds;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/** A replicated store: so many members, each with a volume of its own, of which one is primary. */
@Group("varve.dev")
@Version("v1beta1")
@ShortNames("vstore")
@ValidationRule(value = Rules.RESOURCE_NAME, message = Rules.RESOURCE_NAME_MESSAGE)
@AdditionalPrinterColumn(
    name = "Ready",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Members",
    jsonPath = ".status.readyReplicas",
    type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Desired",
    jsonPath = ".spec.replicas",
    type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Primary",
    jsonPath = ".status.shards[*].primary",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Term",
    jsonPath = ".status.shards[*].term",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
@AdditionalPrinterColumn(
    name = "Status",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].message",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
public final class StoreCluster extends CustomResource<StoreClusterSpec, StoreClusterStatus>
    implements Namespaced {

  /** The group and version of both resources. */
  public static final String API_VERSION = "varve.dev/v1beta1";

  // Records have no empty form, so an object without spec or status has none.
  @Override
  @SuppressWarnings("NullAway") // The super type, which is not annotated, allows null here.
  protected StoreClusterSpec initSpec() {
    return null;
  }

  @Override
  @SuppressWarnings("NullAway")
  protected StoreClusterStatus initStatus() {
    return null;
  }
}
