package dev.varve.credentials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Credentials in files.
 *
 * @param authorities PEM certificates; null: what the JDK trusts
 * @param certificate PEM certificates, the own one first; null: none is shown
 * @param key the private key of {@code certificate}: PKCS#8 PEM, not encrypted
 */
public record PemFiles(@Nullable Path authorities, @Nullable Path certificate, @Nullable Path key)
    implements PemSource {
  /** More than any chain or bundle of authorities has. */
  private static final long BYTES_MAX = 4 << 20;

  private @Nullable Path path(Part part) {
    return switch (part) {
      case AUTHORITIES -> authorities;
      case CERTIFICATE -> certificate;
      case KEY -> key;
    };
  }

  @Override
  public Optional<byte[]> read(Part part) throws CredentialsException {
    Path path = path(part);
    if (path == null) {
      return Optional.empty();
    }
    try {
      if (Files.size(path) > BYTES_MAX) {
        throw new CredentialsException(part, path + " is longer than 4 MiB", null);
      }
      return Optional.of(Files.readAllBytes(path));
    } catch (NoSuchFileException e) {
      throw new CredentialsException(part, path + " does not exist", e);
    } catch (CredentialsException e) {
      throw e;
    } catch (IOException e) {
      throw new CredentialsException(part, path + " cannot be read: " + e, e);
    }
  }

  @Override
  public String name(Part part) {
    return String.valueOf(path(part));
  }
}
