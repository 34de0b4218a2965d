/** That benchmarks measure stores that answer what was written; never how fast. */
@NullMarked
package dev.varve.bench;

import org.jspecify.annotations.NullMarked;
