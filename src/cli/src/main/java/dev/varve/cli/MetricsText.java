package dev.varve.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads metrics in Prometheus' text format, as a member's HTTP port answers them. */
final class MetricsText {
  private final Map<String, String> types = new HashMap<>();
  private final Map<String, String> helps = new HashMap<>();
  private final List<Sample> samples = new ArrayList<>();

  /**
   * One number.
   *
   * @param type {@code counter}, {@code gauge}, {@code histogram}, …; empty if nothing says it
   * @param help what it is; empty if nothing says it
   */
  record Sample(String name, Map<String, String> labels, double value, String type, String help) {}

  private MetricsText() {}

  /**
   * All samples, in the text's order.
   *
   * @throws IllegalArgumentException naming the line if one is none of the format's
   */
  static List<Sample> parse(String text) {
    MetricsText parsed = new MetricsText();
    text.lines().forEach(parsed::line);
    return parsed.samples;
  }

  private void line(String line) {
    if (line.startsWith("# TYPE ") || line.startsWith("# HELP ")) {
      String[] parts = line.split(" ", 4);
      Map<String, String> into = parts[1].equals("TYPE") ? types : helps;
      into.put(parts[2], parts.length > 3 ? parts[3] : "");
    } else if (!line.isBlank() && !line.startsWith("#")) {
      samples.add(sample(line));
    }
  }

  private Sample sample(String line) {
    int brace = line.indexOf('{');
    int space = line.indexOf(' ');
    boolean labelled = brace >= 0 && (space < 0 || brace < space);
    Map<String, String> labels = new LinkedHashMap<>();
    int at = labelled ? labels(line, brace + 1, labels) : space;
    if (at < 0) {
      throw malformed(line);
    }
    String name = line.substring(0, labelled ? brace : space);
    String[] rest = line.substring(at).strip().split(" ", 2); // a time may follow
    String family = family(name);
    return new Sample(
        name,
        labels,
        number(rest[0], line),
        types.getOrDefault(family, ""),
        helps.getOrDefault(family, ""));
  }

  /** Reads labels up to their end; returns where the value begins. */
  private static int labels(String line, int from, Map<String, String> labels) {
    int at = from;
    while (at < line.length() && line.charAt(at) != '}') {
      int equals = line.indexOf("=\"", at);
      if (equals < 0) {
        throw malformed(line);
      }
      StringBuilder value = new StringBuilder();
      int end = equals + 2;
      for (; end < line.length() && line.charAt(end) != '"'; end++) {
        char c = line.charAt(end);
        if (c == '\\' && end + 1 < line.length()) {
          end++;
          c = line.charAt(end) == 'n' ? '\n' : line.charAt(end);
        }
        value.append(c);
      }
      labels.put(line.substring(at, equals), value.toString());
      at = end + 1;
      if (at < line.length() && line.charAt(at) == ',') {
        at++;
      }
    }
    if (at >= line.length()) {
      throw malformed(line);
    }
    return at + 1;
  }

  private static double number(String text, String line) {
    return switch (text) {
      case "+Inf" -> Double.POSITIVE_INFINITY;
      case "-Inf" -> Double.NEGATIVE_INFINITY;
      default -> {
        try {
          yield Double.parseDouble(text);
        } catch (NumberFormatException e) {
          throw malformed(line);
        }
      }
    };
  }

  private static IllegalArgumentException malformed(String line) {
    return new IllegalArgumentException("no metric in Prometheus' text format: " + line);
  }

  /** A histogram's or summary's samples carry suffixes that their family lacks. */
  private String family(String name) {
    for (String suffix : List.of("_bucket", "_count", "_sum", "_max")) {
      String family = name.substring(0, Math.max(0, name.length() - suffix.length()));
      if (name.endsWith(suffix) && types.containsKey(family) && !types.containsKey(name)) {
        return family;
      }
    }
    return name;
  }
}
