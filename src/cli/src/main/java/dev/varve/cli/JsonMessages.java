package dev.varve.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.Base64;

/**
 * The protocol's messages as JSON for {@code --output json}: the names of protobuf's own JSON
 * mapping, every field present, but 64-bit integers as numbers, so that {@code jq} can reckon with
 * them.
 */
final class JsonMessages {
  private JsonMessages() {}

  static JsonObject of(Message message) {
    JsonObject object = new JsonObject();
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.isRepeated()) {
        JsonArray array = new JsonArray();
        for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
          array.add(value(field, message.getRepeatedField(field, i)));
        }
        object.add(field.getJsonName(), array);
      } else if (!field.hasPresence() || message.hasField(field)) {
        object.add(field.getJsonName(), value(field, message.getField(field)));
      }
    }
    return object;
  }

  private static JsonElement value(FieldDescriptor field, Object value) {
    return switch (value) {
      case Message message -> of(message);
      case EnumValueDescriptor constant -> new JsonPrimitive(constant.getName());
      case ByteString bytes ->
          new JsonPrimitive(Base64.getEncoder().encodeToString(bytes.toByteArray()));
      case Boolean flag -> new JsonPrimitive(flag);
      case String text -> new JsonPrimitive(text);
      case Double number when !Double.isFinite(number) -> new JsonPrimitive(number.toString());
      case Long number when field.getType() == FieldDescriptor.Type.UINT64 ->
          new JsonPrimitive(new java.math.BigInteger(Long.toUnsignedString(number)));
      case Integer number when field.getType() == FieldDescriptor.Type.UINT32 ->
          new JsonPrimitive(Integer.toUnsignedLong(number));
      case Number number -> new JsonPrimitive(number);
      default -> throw new AssertionError("a field of type " + field.getType());
    };
  }
}
