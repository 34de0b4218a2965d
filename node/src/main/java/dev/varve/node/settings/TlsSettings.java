package dev.varve.node.settings;

import dev.varve.credentials.Part;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Mutual TLS: files, and what the names in callers' certificates let them do.
 *
 * @param authorities PEM certificates that callers' and members' must lead to
 * @param certificate PEM chain of this node, shown to callers and to other members
 * @param key PKCS#8 PEM key of {@code certificate}
 * @param reloadInterval between two looks at the files
 * @param adminNames a certificate with one of these names may call all of Admin, and data
 * @param memberNames a certificate with one of these is a member's; it has no other role
 */
public record TlsSettings(
    Path authorities,
    Path certificate,
    Path key,
    Duration reloadInterval,
    Set<String> adminNames,
    Set<String> memberNames) {
  static final String RELOAD_INTERVAL = "VARVE_TLS_RELOAD_INTERVAL";

  public TlsSettings {
    adminNames = Set.copyOf(adminNames);
    memberNames = Set.copyOf(memberNames);
  }

  /** The setting that names a part's file. */
  public static String setting(Part part) {
    return switch (part) {
      case AUTHORITIES -> "VARVE_TLS_CA";
      case CERTIFICATE -> "VARVE_TLS_CERT";
      case KEY -> "VARVE_TLS_KEY";
    };
  }

  /**
   * Null when no file is named.
   *
   * @throws SettingsException when some are and others are not, or a name has two roles
   */
  static @Nullable TlsSettings read(
      Function<String, Optional<String>> text, Duration reloadInterval) {
    Map<Part, Path> files = new LinkedHashMap<>();
    for (Part part : Part.values()) {
      text.apply(setting(part)).ifPresent(file -> files.put(part, Path.of(file)));
    }
    Set<String> admins = names(text.apply("VARVE_TLS_ADMIN_NAMES").orElse("varve-admin"));
    Set<String> members = names(text.apply("VARVE_TLS_MEMBER_NAMES").orElse("varve-member"));
    for (String name : admins) {
      if (members.contains(name)) {
        throw new SettingsException(
            "VARVE_TLS_ADMIN_NAMES and VARVE_TLS_MEMBER_NAMES both have " + name);
      }
    }
    if (files.isEmpty()) {
      return null;
    }
    return new TlsSettings(
        required(files, Part.AUTHORITIES),
        required(files, Part.CERTIFICATE),
        required(files, Part.KEY),
        reloadInterval,
        admins,
        members);
  }

  private static Path required(Map<Part, Path> files, Part part) {
    Path file = files.get(part);
    if (file == null) {
      throw new SettingsException(
          setting(part)
              + " is not set, but "
              + files.keySet().stream()
                  .map(TlsSettings::setting)
                  .collect(Collectors.joining(" and "))
              + ": TLS takes all three of VARVE_TLS_CA, VARVE_TLS_CERT and VARVE_TLS_KEY");
    }
    return file;
  }

  private static Set<String> names(String text) {
    return Arrays.stream(text.split(","))
        .map(String::strip)
        .filter(name -> !name.isEmpty())
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
