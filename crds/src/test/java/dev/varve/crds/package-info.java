/** Tests of the resources' types and of the YAML generated from them. */
@NullMarked
package dev.varve.crds;

import org.jspecify.annotations.NullMarked;
