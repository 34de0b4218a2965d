/** Tests of the package of the same name. */
@NullMarked
package dev.varve.store.segment;

import org.jspecify.annotations.NullMarked;
