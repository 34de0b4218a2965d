package dev.varve.store;

/**
 * What a trim did.
 *
 * @param removed entries hidden by it
 * @param firstId the first id that stays, whether that entry exists yet or not
 * @param bytesReclaimed bytes in segments, headers and keys included, of the entries hidden by it:
 *     the next compactions free them, the trim itself does not
 */
public record TrimResult(long removed, long firstId, long bytesReclaimed) {}
