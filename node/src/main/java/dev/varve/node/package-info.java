/** Varve. */
@NullMarked
package dev.varve.node;

import org.jspecify.annotations.NullMarked;
