/** Tests. */
@NullMarked
package dev.varve.operator.member;

import org.jspecify.annotations.NullMarked;
