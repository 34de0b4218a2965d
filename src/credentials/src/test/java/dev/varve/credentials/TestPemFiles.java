package dev.varve.credentials;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The three files of one party, in a directory of its own. */
public record TestPemFiles(Path authorities, Path certificate, Path key) {
  /** Writes all three. */
  public static TestPemFiles write(Path directory, String authorities, TestAuthority.Issued own)
      throws IOException {
    Files.createDirectories(directory);
    TestPemFiles files =
        new TestPemFiles(
            directory.resolve("ca.pem"),
            directory.resolve("tls.crt"),
            directory.resolve("tls.key"));
    files.trust(authorities);
    files.show(own);
    return files;
  }

  /** Replaces whom the party trusts. */
  public void trust(String pem) throws IOException {
    Files.writeString(authorities, pem);
  }

  /** Replaces what the party shows. */
  public void show(TestAuthority.Issued own) throws IOException {
    Files.writeString(certificate, own.certificatePem());
    Files.writeString(key, own.keyPem());
  }

  public PemFiles pem() {
    return new PemFiles(authorities, certificate, key);
  }
}
