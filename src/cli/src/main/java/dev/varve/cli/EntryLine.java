package dev.varve.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.StringReader;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A key and its value as one line of NDJSON: what {@code import} reads, and {@code export} and
 * {@code scan} print. Bytes that are not UTF-8 stand in {@code key_base64} and {@code
 * value_base64}.
 *
 * @param expiresAtMs milliseconds since 1970; 0: never
 */
record EntryLine(ByteString key, ByteString value, long expiresAtMs) {
  /** The parser's own messages speak of its settings. */
  private static final Pattern COLUMN = Pattern.compile("column (\\d+)");

  /**
   * Reads a line. A value that is a string is its text; any other JSON value is its compact JSON
   * text.
   *
   * @throws IllegalArgumentException saying what is wrong with the line
   */
  static EntryLine parse(String line) {
    JsonObject object = object(line);
    Optional<ByteString> key = Optional.empty();
    Optional<ByteString> value = Optional.empty();
    long expiresAtMs = 0;
    for (String name : object.keySet()) {
      JsonElement field = object.get(name);
      switch (name) {
        case "key" -> key = once("key", key, text(name, field));
        case "key_base64" -> key = once("key", key, base64(name, field));
        case "value" -> value = once("value", value, value(field));
        case "value_base64" -> value = once("value", value, base64(name, field));
        case "expires_at_ms" -> expiresAtMs = millis(name, field);
        case "sequence" -> {
          // What a scan says about where the entry was; not where it will be.
        }
        default ->
            throw new IllegalArgumentException(
                "unknown field '"
                    + name
                    + "' (known: key, key_base64, value, value_base64, expires_at_ms)");
      }
    }
    return new EntryLine(
        key.orElseThrow(() -> new IllegalArgumentException("no field 'key' or 'key_base64'")),
        value.orElseThrow(() -> new IllegalArgumentException("no field 'value' or 'value_base64'")),
        expiresAtMs);
  }

  private static JsonObject object(String line) {
    try (JsonReader reader = new JsonReader(new StringReader(line))) {
      reader.setStrictness(Strictness.STRICT);
      JsonElement element = JsonParser.parseReader(reader);
      if (!ended(reader)) {
        throw new IllegalArgumentException("more than one JSON value on the line");
      }
      if (!element.isJsonObject()) {
        throw new IllegalArgumentException("not a JSON object");
      }
      return element.getAsJsonObject();
    } catch (JsonParseException | IOException e) {
      Matcher column = COLUMN.matcher(String.valueOf(e.getMessage()));
      throw new IllegalArgumentException(
          "not JSON" + (column.find() ? ", at column " + column.group(1) : ""), e);
    }
  }

  private static boolean ended(JsonReader reader) throws IOException {
    try {
      return reader.peek() == JsonToken.END_DOCUMENT;
    } catch (MalformedJsonException e) {
      return false; // whatever it is, it stands after the value
    }
  }

  private static Optional<ByteString> once(
      String what, Optional<ByteString> known, ByteString bytes) {
    if (known.isPresent()) {
      throw new IllegalArgumentException("'" + what + "' and '" + what + "_base64' at once");
    }
    return Optional.of(bytes);
  }

  private static ByteString text(String name, JsonElement field) {
    if (field instanceof JsonPrimitive primitive && primitive.isString()) {
      return Bytes.utf8(primitive.getAsString());
    }
    throw new IllegalArgumentException("'" + name + "' is not a string");
  }

  private static ByteString value(JsonElement field) {
    return field instanceof JsonPrimitive primitive && primitive.isString()
        ? Bytes.utf8(primitive.getAsString())
        : Bytes.utf8(field.toString());
  }

  private static ByteString base64(String name, JsonElement field) {
    if (field instanceof JsonPrimitive primitive && primitive.isString()) {
      try {
        return ByteString.copyFrom(Base64.getDecoder().decode(primitive.getAsString()));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException("'" + name + "' is not base64: " + e.getMessage(), e);
      }
    }
    throw new IllegalArgumentException("'" + name + "' is not a string");
  }

  private static long millis(String name, JsonElement field) {
    if (field instanceof JsonPrimitive primitive && primitive.isNumber()) {
      try {
        long millis = Long.parseLong(primitive.getAsString());
        if (millis >= 0) {
          return millis;
        }
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException(
            "'" + name + "' is not a whole number of milliseconds", e);
      }
    }
    throw new IllegalArgumentException("'" + name + "' is not a whole number of milliseconds");
  }

  /** The line, without its end. */
  String format() {
    return json(key, value, expiresAtMs).toString();
  }

  /** The same as an object, to add fields to. */
  static JsonObject json(ByteString key, ByteString value, long expiresAtMs) {
    JsonObject object = new JsonObject();
    add(object, "key", key);
    add(object, "value", value);
    if (expiresAtMs != 0) {
      object.addProperty("expires_at_ms", expiresAtMs);
    }
    return object;
  }

  /** Adds bytes as text where they are UTF-8, else as {@code <name>_base64}. */
  static void add(JsonObject object, String name, ByteString bytes) {
    Bytes.text(bytes)
        .ifPresentOrElse(
            text -> object.addProperty(name, text),
            () ->
                object.addProperty(
                    name + "_base64", Base64.getEncoder().encodeToString(bytes.toByteArray())));
  }
}
