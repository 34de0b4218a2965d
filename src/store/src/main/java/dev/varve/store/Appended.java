package dev.varve.store;

/** The ids that an append gave, without gaps, and its sequence. */
public record Appended(long firstId, long lastId, long sequence) {}
