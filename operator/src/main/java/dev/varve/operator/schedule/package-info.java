/** When a policy is due: cron and interval ticks, durations, and the names of Jobs. Pure. */
@NullMarked
package dev.varve.operator.schedule;

import org.jspecify.annotations.NullMarked;
