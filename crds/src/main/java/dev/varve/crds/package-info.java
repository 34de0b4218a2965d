/**
 * The two resources a user writes, {@link dev.varve.crds.StoreCluster} and {@link
 * dev.varve.crds.CompactionPolicy}, as values. The YAML beside this module's {@code pom.xml} is
 * generated from these types; a test fails when the two differ.
 */
@NullMarked
package dev.varve.crds;

import org.jspecify.annotations.NullMarked;
