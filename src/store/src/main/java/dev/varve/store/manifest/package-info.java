/** The manifest: which segments make up the store, as a log of edits in the shard's sequence. */
@NullMarked
package dev.varve.store.manifest;

import org.jspecify.annotations.NullMarked;
