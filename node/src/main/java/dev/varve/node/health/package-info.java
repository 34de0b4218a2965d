/** What the probes and the metrics tell. */
@NullMarked
package dev.varve.node.health;

import org.jspecify.annotations.NullMarked;
