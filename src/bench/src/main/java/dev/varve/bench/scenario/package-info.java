/** What is measured: a class a scenario. */
@NullMarked
package dev.varve.bench.scenario;

import org.jspecify.annotations.NullMarked;
