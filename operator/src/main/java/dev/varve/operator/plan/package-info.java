/** Pure functions from an observation to a list of actions, each with its reason. */
@NullMarked
package dev.varve.operator.plan;

import org.jspecify.annotations.NullMarked;
