/**
 * The {@code varve} command: what people type and what compaction Jobs run. A class a subcommand.
 */
@NullMarked
package dev.varve.cli;

import org.jspecify.annotations.NullMarked;
