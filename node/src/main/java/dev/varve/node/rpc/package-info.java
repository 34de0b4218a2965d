/** The gRPC services: requests checked, answers and errors as the contract has them. */
@NullMarked
package dev.varve.node.rpc;

import org.jspecify.annotations.NullMarked;
