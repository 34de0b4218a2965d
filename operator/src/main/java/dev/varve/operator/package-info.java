/** Varve. */
@NullMarked
package dev.varve.operator;

import org.jspecify.annotations.NullMarked;
