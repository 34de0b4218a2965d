/**
 * TLS credentials that are replaced while they are in use: certificates and keys from PEM, checked
 * before they are taken, for servers and clients alike.
 */
@NullMarked
package dev.varve.credentials;

import org.jspecify.annotations.NullMarked;
