/** Varve. */
@NullMarked
package dev.varve.crds;

import org.jspecify.annotations.NullMarked;
