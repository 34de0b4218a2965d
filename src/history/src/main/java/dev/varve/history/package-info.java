/**
 * Histories of concurrent operations on keys, and whether they are linearizable.
 *
 * <p>{@link dev.varve.history.History} records, {@link dev.varve.history.HistoryCheck} decides. For
 * tests of every level: whoever talks to a store, simulated or real, can record what it was told.
 */
@NullMarked
package dev.varve.history;

import org.jspecify.annotations.NullMarked;
