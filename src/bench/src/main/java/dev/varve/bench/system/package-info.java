/**
 * Replicated systems under test, each as processes of its own on the loopback addresses of this
 * machine, and connections of clients to them.
 */
@NullMarked
package dev.varve.bench.system;

import org.jspecify.annotations.NullMarked;
