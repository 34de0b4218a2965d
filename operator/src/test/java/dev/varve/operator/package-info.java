/** Tests of the operator as a whole. */
@NullMarked
package dev.varve.operator;

import org.jspecify.annotations.NullMarked;
