/** The in-memory index from key to record location, kept outside the Java heap. */
@NullMarked
package dev.varve.store.keydir;

import org.jspecify.annotations.NullMarked;
