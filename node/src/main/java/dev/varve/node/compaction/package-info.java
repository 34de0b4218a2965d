/** Compaction runs that a caller asked for, and those the node starts by itself. */
@NullMarked
package dev.varve.node.compaction;

import org.jspecify.annotations.NullMarked;
