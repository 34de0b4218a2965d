@NullMarked
package dev.varve.bench.system;

import org.jspecify.annotations.NullMarked;
