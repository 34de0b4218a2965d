/** Carries out planned actions against the API server. Decides nothing. */
@NullMarked
package dev.varve.operator.apply;

import org.jspecify.annotations.NullMarked;
