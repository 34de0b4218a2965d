/** Tests of the client, and the in-memory node that they and the CLI's tests run against. */
@NullMarked
package dev.varve.client;

import org.jspecify.annotations.NullMarked;
