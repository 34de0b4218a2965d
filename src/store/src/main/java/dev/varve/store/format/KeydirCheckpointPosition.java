package dev.varve.store.format;

/**
 * Which state of a store a keydir's checkpoint belongs to.
 *
 * @param firstSequence what every covered segment holds is in the checkpoint, and everything else
 *     up to here is in segments that it names
 * @param lastSequence no entry is newer
 * @param manifestLength bytes of edits in the log that were applied at the first sequence
 * @param manifestCrc the CRC32C of the manifest's file up to there, as it was then
 * @param lastId the highest id that a stream ever had
 */
public record KeydirCheckpointPosition(
    long firstSequence, long lastSequence, long manifestLength, int manifestCrc, long lastId) {}
