package dev.varve.credentials;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The bytes of all parts as one look found them; equal to another of the same bytes. */
final class PemReading {
  private final Map<Part, byte[]> bytes = new EnumMap<>(Part.class);

  /** Reads every part once, one after the other: whoever writes them may be in between. */
  static PemReading of(PemSource source) throws CredentialsException {
    PemReading reading = new PemReading();
    for (Part part : Part.values()) {
      source.read(part).ifPresent(found -> reading.bytes.put(part, found));
    }
    return reading;
  }

  byte @Nullable [] part(Part part) {
    return bytes.get(part);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof PemReading that)) {
      return false;
    }
    for (Part part : Part.values()) {
      if (!Arrays.equals(bytes.get(part), that.bytes.get(part))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int hashCode() {
    int hash = 1;
    for (Part part : Part.values()) {
      hash = 31 * hash + Arrays.hashCode(bytes.get(part));
    }
    return hash;
  }
}
