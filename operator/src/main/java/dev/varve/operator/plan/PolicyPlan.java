package dev.varve.operator.plan;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What to do for a policy now.
 *
 * @param actions in this order; the rest waits when one fails
 * @param wakeAt when to look again if nothing happens before; empty: when something happens
 */
public record PolicyPlan(List<PolicyAction> actions, Optional<Instant> wakeAt) {}
