/** Messages between members: their wire form, and the channels they travel on. */
@NullMarked
package dev.varve.node.peer;

import org.jspecify.annotations.NullMarked;
