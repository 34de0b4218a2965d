package dev.varve.store;

/**
 * A file that an entry names and that must be durable on a member before the entry is appended
 * there: the run list of a compaction.
 *
 * @param path relative to the store's directory
 * @param length bytes
 * @param crc CRC32C of the whole file
 */
public record Attachment(String path, long length, int crc) {}
