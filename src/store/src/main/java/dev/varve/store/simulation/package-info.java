/** A storage in memory that loses, tears and refuses like a real one, for tests and simulations. */
@NullMarked
package dev.varve.store.simulation;

import org.jspecify.annotations.NullMarked;
