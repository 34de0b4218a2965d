/** The process around one member: what it serves, what it measures, how it starts and stops. */
@NullMarked
package dev.varve.node;

import org.jspecify.annotations.NullMarked;
