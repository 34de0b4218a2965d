/** The Kubernetes objects that the operator makes: one class a kind. */
@NullMarked
package dev.varve.operator.resource;

import org.jspecify.annotations.NullMarked;
