/**
 * The Java client of a Varve store: it starts from any member, finds the primary, follows it, and
 * repeats what is safe to repeat. {@link dev.varve.client.VarveClient} is the way in; every failure
 * is a {@link dev.varve.client.VarveException} whose class says what is known about the outcome.
 */
@NullMarked
package dev.varve.client;

import org.jspecify.annotations.NullMarked;
