/**
 * Tests of the built images, the chart and the CRDs on a real Kubernetes, through what a user can
 * reach.
 */
@NullMarked
package dev.varve.e2e;

import org.jspecify.annotations.NullMarked;
