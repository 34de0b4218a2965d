package dev.varve.node.settings;

import dev.varve.store.KeyspaceOptions;
import dev.varve.store.retention.RetentionRules;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What of the keyspaces stays visible: {@code RETENTION_MAX_AGE}, {@code RETENTION_MAX_BYTES} and
 * {@code RETENTION_MAX_RECORDS}, each a list such as {@code main=7d,events=36h}.
 */
final class RetentionSettings {
  private static final Pattern AGE = Pattern.compile("(\\d{1,9})([smhd])");

  private final Function<String, Optional<String>> source;

  RetentionSettings(Function<String, Optional<String>> source) {
    this.source = source;
  }

  private interface Value {
    long parse(String text);
  }

  /** The keyspaces with their limits. */
  List<KeyspaceOptions> limited(Map<String, KeyspaceOptions> keyspaces) {
    Map<String, Long> ages = read("RETENTION_MAX_AGE", keyspaces, RetentionSettings::ageMs);
    Map<String, Long> bytes = read("RETENTION_MAX_BYTES", keyspaces, ByteSizes::parse);
    Map<String, Long> records = read("RETENTION_MAX_RECORDS", keyspaces, RetentionSettings::count);
    List<KeyspaceOptions> limited = new ArrayList<>();
    for (KeyspaceOptions keyspace : keyspaces.values()) {
      String name = keyspace.name();
      limited.add(
          keyspace.withRetention(
              new RetentionRules(
                  ages.getOrDefault(name, 0L),
                  bytes.getOrDefault(name, 0L),
                  records.getOrDefault(name, 0L))));
    }
    return limited;
  }

  private Map<String, Long> read(
      String setting, Map<String, KeyspaceOptions> keyspaces, Value value) {
    Map<String, Long> limits = new LinkedHashMap<>();
    for (String entry : source.apply(setting).orElse("").split(",", -1)) {
      String text = entry.strip();
      if (text.isEmpty()) {
        continue;
      }
      int equals = text.indexOf('=');
      if (equals <= 0) {
        throw new SettingsException(setting + ": '" + text + "' is not KEYSPACE=LIMIT");
      }
      String name = text.substring(0, equals);
      if (!keyspaces.containsKey(name)) {
        throw new SettingsException(setting + ": there is no keyspace " + name);
      }
      long limit;
      try {
        limit = value.parse(text.substring(equals + 1));
      } catch (IllegalArgumentException e) {
        throw new SettingsException(setting + ": " + text + ": " + e.getMessage());
      }
      if (limit <= 0) {
        throw new SettingsException(setting + ": " + text + ": a limit is above 0");
      }
      if (limits.put(name, limit) != null) {
        throw new SettingsException(setting + " names " + name + " twice");
      }
    }
    return limits;
  }

  private static long ageMs(String text) {
    Matcher age = AGE.matcher(text);
    if (!age.matches()) {
      throw new IllegalArgumentException("an age is a number with s, m, h or d");
    }
    long unitMs =
        switch (age.group(2)) {
          case "s" -> 1000L;
          case "m" -> 60_000L;
          case "h" -> 3_600_000L;
          default -> 86_400_000L;
        };
    return Long.parseLong(age.group(1)) * unitMs;
  }

  private static long count(String text) {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("not a number of records", e);
    }
  }
}
