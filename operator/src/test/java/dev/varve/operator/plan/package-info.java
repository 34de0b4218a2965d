/** Tests. */
@NullMarked
package dev.varve.operator.plan;

import org.jspecify.annotations.NullMarked;
