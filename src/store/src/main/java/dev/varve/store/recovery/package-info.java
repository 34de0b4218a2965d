/** Recovery: from the files of a store to its state, cutting a torn tail and reporting damage. */
@NullMarked
package dev.varve.store.recovery;

import org.jspecify.annotations.NullMarked;
