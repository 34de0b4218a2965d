/** The stores that are compared, each behind one small adapter. */
@NullMarked
package dev.varve.bench.engine;

import org.jspecify.annotations.NullMarked;
