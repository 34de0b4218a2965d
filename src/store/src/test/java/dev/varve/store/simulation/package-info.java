/** Tests of the package of the same name. */
@NullMarked
package dev.varve.store.simulation;

import org.jspecify.annotations.NullMarked;
