package dev.varve.operator.resource;

import java.util.List;
import java.util.stream.IntStream;

/** What the objects of one shard are called: {@code orders-0}, {@code orders-0-1} and so on. */
public record ShardNames(String namespace, String cluster, int id) {

  /** Port of the members' gRPC services. */
  public static final int GRPC_PORT = 9090;

  /** Port of the members' health and metrics. */
  public static final int HTTP_PORT = 8080;

  /** Name of the volume claim template. */
  public static final String VOLUME = "data";

  /** The shard's number as text, as in labels. */
  public String number() {
    return Integer.toString(id);
  }

  /** The StatefulSet, the Lease and the PodDisruptionBudget. */
  public String shard() {
    return cluster + "-" + id;
  }

  /** The headless Service through which members find each other. */
  public String membersService() {
    return cluster + "-members";
  }

  /** The pod of member {@code ordinal}. */
  public String member(int ordinal) {
    return shard() + "-" + ordinal;
  }

  /** All members' pods. */
  public List<String> members(int replicas) {
    return IntStream.range(0, replicas).mapToObj(this::member).toList();
  }

  /** Where the member in pod {@code pod} answers, from anywhere in the Kubernetes cluster. */
  public String address(String pod) {
    return pod + "." + membersService() + "." + namespace + ".svc:" + GRPC_PORT;
  }

  /** The volume claim of the member in pod {@code pod}. */
  public static String claim(String pod) {
    return VOLUME + "-" + pod;
  }
}
