/** Tests of credentials, and the certificates that the node's and the client's tests use too. */
@NullMarked
package dev.varve.credentials;

import org.jspecify.annotations.NullMarked;
