@NullMarked
package dev.varve.store.recovery;

import org.jspecify.annotations.NullMarked;
