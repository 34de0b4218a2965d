/** Varve. */
@NullMarked
package dev.varve.client;

import org.jspecify.annotations.NullMarked;
