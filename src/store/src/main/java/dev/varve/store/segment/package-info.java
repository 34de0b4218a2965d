/** One file of records: appending to it, scanning it and reading single records from it. */
@NullMarked
package dev.varve.store.segment;

import org.jspecify.annotations.NullMarked;
