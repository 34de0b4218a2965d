@NullMarked
package dev.varve.store.compaction;

import org.jspecify.annotations.NullMarked;
