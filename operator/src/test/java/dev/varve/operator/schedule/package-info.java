/** Tests. */
@NullMarked
package dev.varve.operator.schedule;

import org.jspecify.annotations.NullMarked;
