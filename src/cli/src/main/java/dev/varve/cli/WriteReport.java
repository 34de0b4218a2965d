package dev.varve.cli;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import dev.varve.client.Written;

/** What a put or delete prints. */
final class WriteReport {
  private WriteReport() {}

  static void print(VarveCommand varve, ByteString key, Written written) {
    if (varve.json()) {
      JsonObject json = new JsonObject();
      EntryLine.add(json, "key", key);
      json.addProperty("shard", written.shard());
      json.addProperty("sequence", written.sequence());
      json.addProperty("term", written.term());
      varve.invocation().out().println(json);
    } else {
      varve
          .invocation()
          .out()
          .println("sequence " + written.sequence() + ", term " + written.term());
    }
  }
}
