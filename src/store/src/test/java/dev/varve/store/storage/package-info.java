/** Tests of the package of the same name. */
@NullMarked
package dev.varve.store.storage;

import org.jspecify.annotations.NullMarked;
