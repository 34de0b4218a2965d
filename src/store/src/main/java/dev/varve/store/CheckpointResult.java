package dev.varve.store;

/**
 * A committed checkpoint.
 *
 * @param sequence its sequence
 * @param segmentsDeleted retired segments that it let go on this member, those that a reader still
 *     holds included
 * @param bytesDeleted their bytes
 */
public record CheckpointResult(long sequence, int segmentsDeleted, long bytesDeleted) {}
