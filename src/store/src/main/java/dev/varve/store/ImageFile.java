package dev.varve.store;

/**
 * One file of an image.
 *
 * @param path relative to the store's directory
 * @param length bytes that belong to the image; the file itself may go on
 */
public record ImageFile(String path, long length) {}
