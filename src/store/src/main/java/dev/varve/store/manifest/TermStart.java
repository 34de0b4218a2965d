package dev.varve.store.manifest;

/**
 * Where a term began in the log.
 *
 * @param term the term, from 1
 * @param firstSequence the sequence of its term-start edit
 */
public record TermStart(long term, long firstSequence) {}
