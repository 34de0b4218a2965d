package dev.varve.operator.resource;

import java.util.Map;

/** The labels and annotations by which the operator knows its own. */
public final class Labels {

  public static final String NAME = "app.kubernetes.io/name";
  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  public static final String OPERATOR = "varve-operator";
  public static final String CLUSTER = "varve.dev/cluster";
  public static final String SHARD = "varve.dev/shard";
  public static final String POLICY = "varve.dev/policy";

  /** What selects members' pods, claims and the objects around them. */
  public static final String MEMBER_SELECTOR = NAME + "=varve," + MANAGED_BY + "=" + OPERATOR;

  /** What selects compaction Jobs. Their pods are no members and must match no Service. */
  public static final String JOB_SELECTOR =
      NAME + "=varve-compaction," + MANAGED_BY + "=" + OPERATOR;

  /** On a StoreCluster: the UID under which its one permission to start empty was given. */
  public static final String BOOTSTRAPPED = "varve.dev/bootstrapped";

  /** On a shard's Lease: the members that may start the empty shard. */
  public static final String BOOTSTRAP = "varve.dev/bootstrap";

  /** On a shard's Lease: the term of its holder. */
  public static final String TERM = "varve.dev/term";

  /** On a CompactionPolicy: each new value runs it once. */
  public static final String RUN_NOW = "varve.dev/run-now";

  /** On a Job: the tick it answers to. */
  public static final String TICK = "varve.dev/tick";

  /** On a Job: the primary it was made for. */
  public static final String PRIMARY = "varve.dev/primary";

  /** On a Job: that primary's address. */
  public static final String PRIMARY_ADDRESS = "varve.dev/primary-address";

  /** On a Job: the policy's UID. */
  public static final String POLICY_UID = "varve.dev/policy-uid";

  /** On a Job: its result is in the policy's status. */
  public static final String RECORDED = "varve.dev/recorded";

  private Labels() {}

  /** The labels of everything that belongs to the cluster as a whole. */
  public static Map<String, String> ofCluster(String cluster) {
    return Map.of(NAME, "varve", MANAGED_BY, OPERATOR, CLUSTER, cluster);
  }

  /** The labels of what belongs to one shard; those of members' pods too. */
  public static Map<String, String> ofShard(ShardNames shard) {
    return Map.of(
        NAME, "varve", MANAGED_BY, OPERATOR, CLUSTER, shard.cluster(), SHARD, shard.number());
  }
}
