/** Tests of the package of the same name. */
@NullMarked
package dev.varve.store.retention;

import org.jspecify.annotations.NullMarked;
