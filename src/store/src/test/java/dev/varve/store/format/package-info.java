/** Tests of the package of the same name. */
@NullMarked
package dev.varve.store.format;

import org.jspecify.annotations.NullMarked;
