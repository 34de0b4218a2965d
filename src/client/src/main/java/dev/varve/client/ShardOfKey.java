package dev.varve.client;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** Which shard a key lives in: the unsigned CRC32C of its bytes modulo the number of shards. */
final class ShardOfKey {
  private ShardOfKey() {}

  static int of(ByteString key, int shards) {
    if (shards == 1) {
      return 0;
    }
    CRC32C crc = new CRC32C();
    for (ByteBuffer part : key.asReadOnlyByteBufferList()) {
      crc.update(part);
    }
    return (int) (crc.getValue() % shards);
  }
}
