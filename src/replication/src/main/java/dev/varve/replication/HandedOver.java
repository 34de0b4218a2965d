package dev.varve.replication;

/**
 * Who leads after a hand-over.
 *
 * @param primary the name of the primary that was heard
 * @param term its term
 */
public record HandedOver(String primary, long term) {}
