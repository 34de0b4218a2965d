/** What the fuzz tests of all decoders have in common. */
@NullMarked
package dev.varve.store.fuzz;

import org.jspecify.annotations.NullMarked;
