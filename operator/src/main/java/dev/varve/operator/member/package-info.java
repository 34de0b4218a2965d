/** Calls to the members of a shard over gRPC, each bounded in time. */
@NullMarked
package dev.varve.operator.member;

import org.jspecify.annotations.NullMarked;
