/** Conditions and other parts of a status, built so that equal states give equal values. */
@NullMarked
package dev.varve.operator.status;

import org.jspecify.annotations.NullMarked;
