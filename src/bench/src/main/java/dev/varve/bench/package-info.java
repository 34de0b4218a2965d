/**
 * Whole-system benchmarks of the embedded store beside other embedded stores: same process run,
 * same data, same durability. {@code ./dev bench} runs them and writes docs/benchmarks.md.
 */
@NullMarked
package dev.varve.bench;

import org.jspecify.annotations.NullMarked;
