/** Gathers everything that a decision needs into one immutable observation. Changes nothing. */
@NullMarked
package dev.varve.operator.observe;

import org.jspecify.annotations.NullMarked;
