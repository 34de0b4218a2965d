/**
 * The operator's process: two reconcilers that only join {@code observe}, {@code plan} and {@code
 * apply}, and what starts and stops them.
 */
@NullMarked
package dev.varve.operator;

import org.jspecify.annotations.NullMarked;
