/** The shard's Lease: in Kubernetes, or in a file for processes on one machine. */
@NullMarked
package dev.varve.node.lease;

import org.jspecify.annotations.NullMarked;
