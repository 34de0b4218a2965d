/** Tests of the package of the same name. */
@NullMarked
package dev.varve.store.manifest;

import org.jspecify.annotations.NullMarked;
