/** The program of docs/embedding.md. */
@NullMarked
package dev.varve.store.example;

import org.jspecify.annotations.NullMarked;
