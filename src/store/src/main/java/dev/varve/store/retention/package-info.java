/** What is to be hidden, decided from limits, times and figures; nothing here changes a store. */
@NullMarked
package dev.varve.store.retention;

import org.jspecify.annotations.NullMarked;
