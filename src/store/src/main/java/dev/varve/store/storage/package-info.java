/**
 * The files and directories a store lives in, behind one interface that the simulation can replace.
 */
@NullMarked
package dev.varve.store.storage;

import org.jspecify.annotations.NullMarked;
