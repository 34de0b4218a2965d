/**
 * Two or three threads on one object, over and over, under jcstress: every outcome that appears
 * must be one that is declared. {@code StressTest} runs them.
 */
@NullMarked
package dev.varve.store.stress;

import org.jspecify.annotations.NullMarked;
