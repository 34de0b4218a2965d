package dev.varve.node.settings;

/** A setting is missing or makes no sense; its message names the setting and what it may be. */
public final class SettingsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SettingsException(String message) {
    super(message);
  }
}
