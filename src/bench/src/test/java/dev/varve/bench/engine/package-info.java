/** That every adapter stores what it is given. */
@NullMarked
package dev.varve.bench.engine;

import org.jspecify.annotations.NullMarked;
