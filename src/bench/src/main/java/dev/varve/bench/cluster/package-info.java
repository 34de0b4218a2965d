/**
 * Benchmarks of the replicated system beside other replicated systems: same machine, same run, same
 * load, durability as alike as they offer. {@code ./dev bench --cluster} runs them.
 */
@NullMarked
package dev.varve.bench.cluster;

import org.jspecify.annotations.NullMarked;
