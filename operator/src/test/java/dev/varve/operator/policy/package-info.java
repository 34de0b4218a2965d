/**
 * Policies from observation to effect, in process, against an API server and members of our own.
 */
@NullMarked
package dev.varve.operator.policy;

import org.jspecify.annotations.NullMarked;
