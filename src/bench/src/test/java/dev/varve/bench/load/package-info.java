/** That the load is the one that reports name. */
@NullMarked
package dev.varve.bench.load;

import org.jspecify.annotations.NullMarked;
