package dev.varve.node.lease;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The forms in which a Lease writes lists of members. */
final class LeaseTexts {
  private LeaseTexts() {}

  /** {@code a,b,c}. */
  static List<String> names(String text) {
    return Arrays.stream(text.split(",")).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }

  /** {@code a=id,b=id}, in the order of the names. */
  static String members(Map<String, String> members) {
    return new TreeMap<>(members)
        .entrySet().stream()
            .map(member -> member.getKey() + "=" + member.getValue())
            .collect(Collectors.joining(","));
  }

  /**
   * Reads what {@link #members(Map)} wrote.
   *
   * @throws IOException if it is anything else: a membership is not guessed
   */
  static Map<String, String> members(String text) throws IOException {
    Map<String, String> members = new TreeMap<>();
    for (String member : names(text)) {
      int equals = member.indexOf('=');
      if (equals <= 0 || equals == member.length() - 1) {
        throw new IOException("'" + member + "' in the Lease's bootstrap members is not NAME=ID");
      }
      members.put(member.substring(0, equals), member.substring(equals + 1));
    }
    return members;
  }
}
