/** Tests of the package of the same name. */
@NullMarked
package dev.varve.store.keydir;

import org.jspecify.annotations.NullMarked;
