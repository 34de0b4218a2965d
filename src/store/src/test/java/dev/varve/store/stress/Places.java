package dev.varve.store.stress;

import dev.varve.store.keydir.Keydir;
import dev.varve.store.keydir.Location;
import dev.varve.store.keydir.Match;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Keys whose entries tell by themselves whose they are, all in one sub-table. */
final class Places {
  /** Nothing of the record is read: the offset is the key. */
  static final Match NONE = candidate -> false;

  private Places() {}

  /** Hashes differ in the bits that the keydir keeps and not in those that choose a sub-table. */
  static long hash(int key) {
    return (long) key << 24;
  }

  /** A key's place of a version: every part of it depends on both, so a torn one shows. */
  static Location place(int key, int version) {
    return new Location((version << 14) | version, key, 100 + version, false);
  }

  /** The version that a key's entry has; −1: there is none, −2: it is of no key and version. */
  static int version(Keydir keydir, int key) {
    Location found = find(keydir, key);
    if (found == null) {
      return -1;
    }
    int version = found.length() - 100;
    return version >= 0 && found.equals(place(key, version)) ? version : -2;
  }

  private static @Nullable Location find(Keydir keydir, int key) {
    try {
      return keydir.get(hash(key), candidate -> candidate.offset() == key);
    } catch (IOException e) {
      throw new AssertionError("no match here reads a file", e);
    }
  }

  /** Puts a version of a key that is there already; the version it had. */
  static int update(Keydir keydir, int key, int version) {
    try {
      Location before =
          keydir.put(hash(key), place(key, version), candidate -> candidate.offset() == key);
      return before == null ? -1 : before.length() - 100;
    } catch (IOException e) {
      throw new AssertionError("no match here reads a file", e);
    }
  }

  static void insert(Keydir keydir, int key, int version) {
    try {
      keydir.put(hash(key), place(key, version), NONE);
    } catch (IOException e) {
      throw new AssertionError("no match here reads a file", e);
    }
  }
}
