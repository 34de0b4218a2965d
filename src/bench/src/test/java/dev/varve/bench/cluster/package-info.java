@NullMarked
package dev.varve.bench.cluster;

import org.jspecify.annotations.NullMarked;
