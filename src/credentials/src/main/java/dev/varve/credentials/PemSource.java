package dev.varve.credentials;

import java.util.Optional;

/** Where credentials come from, as PEM: files, or the entries of a Secret. */
public interface PemSource {
  /**
   * The part as it is now; empty when the credentials do without it, which must be the same at each
   * reading.
   *
   * @throws CredentialsException if it should be there and cannot be read
   */
  Optional<byte[]> read(Part part) throws CredentialsException;

  /** How people know the part: a path, or the name of an entry. */
  String name(Part part);
}
