package dev.varve.credentials;

/** The three things that make up credentials. */
public enum Part {
  /** The certificates that the other side's must lead to. */
  AUTHORITIES,
  /** The own certificate, and those between it and its authority. */
  CERTIFICATE,
  /** The private key of the own certificate. */
  KEY
}
