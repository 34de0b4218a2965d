/** Choosing segments worth rewriting, rewriting them, and rebuilding the result from a run list. */
@NullMarked
package dev.varve.store.compaction;

import org.jspecify.annotations.NullMarked;
