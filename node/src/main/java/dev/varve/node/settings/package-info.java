/** What the environment and application.properties say, checked once at start. */
@NullMarked
package dev.varve.node.settings;

import org.jspecify.annotations.NullMarked;
