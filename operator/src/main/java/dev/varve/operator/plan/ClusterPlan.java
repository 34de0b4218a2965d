package dev.varve.operator.plan;

import java.time.Duration;
import java.util.List;

/**
 * What to do for a StoreCluster now, and when to look again if nothing happens before.
 *
 * @param actions in this order; the rest waits when one fails
 */
public record ClusterPlan(List<ClusterAction> actions, Duration lookAgain) {}
