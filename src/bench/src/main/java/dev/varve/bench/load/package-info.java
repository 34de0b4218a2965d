/** Keys, values, distributions, and the threads that offer load and measure it. */
@NullMarked
package dev.varve.bench.load;

import org.jspecify.annotations.NullMarked;
