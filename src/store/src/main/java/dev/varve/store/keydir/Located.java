package dev.varve.store.keydir;

/**
 * An entry of the keydir.
 *
 * @param hashBits the key's hash as far as the keydir keeps it; stands in for the hash in {@link
 *     Keydir#replace}, {@link Keydir#holds} and {@link Keydir#partitionOf}
 * @param location where the key's newest record is
 */
public record Located(long hashBits, Location location) {}
